/**
 * The control states of a protocol's threads, followed ahead: which of them can come after which. Where a step's results
 * are not known beforehand, or there are too many control states, what comes next is not known.
 */
import { argA, opOf } from '../engine/coroutine.ts'
import { ShootdownError } from '../errors.ts'
import { ENDED, PICK } from '../protocol/protocol.ts'
import type { Space } from '../protocol/space.ts'

/** Control states that are made for looking ahead, at most. */
const MAX_MADE = 1 << 15

/** By control state: those that can come next, by result; undefined where that is not known. */
export type ControlGraph = ReadonlyMap<number, readonly number[] | undefined>

/** The graph of a space that is at its beginning. */
export function controlGraph(space: Space): ControlGraph {
  const graph = new Map<number, readonly number[] | undefined>()
  const limit = space.co.size + MAX_MADE
  const met = new Set(space.state.subarray(space.control, space.gone))
  // A set goes on to what is added to it while it is gone through.
  for (const node of met) {
    const after = space.co.size < limit ? successors(space, node) : undefined
    graph.set(node, after)
    for (const next of after ?? []) met.add(next)
  }
  return graph
}

function successors({ co, settled }: Space, node: number): readonly number[] | undefined {
  if (node === ENDED) return []
  const results = opOf(co.nodes, node) === PICK ? argA(co.nodes, node) : co.steps[node].results
  if (results === 0) return undefined
  try {
    return Array.from({ length: results }, (_, result) => settled(co.next(node, result)))
  } catch (thrown) {
    // Code that never ends, or cannot take this result: it is an error only if a run comes here.
    if (thrown instanceof ShootdownError) return undefined
    throw thrown
  }
}
