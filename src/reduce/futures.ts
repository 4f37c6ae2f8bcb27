/**
 * What a thread may still touch, by control state. A coroutine is a finite graph once its loops come back to
 * checkpoints, so what its rest touches is what is touched on any path through it. Where the graph does not end, or
 * the results of a step are not known beforehand, the rest may touch anything.
 */
import { argA, opOf } from '../engine/coroutine.ts'
import { ShootdownError } from '../errors.ts'
import { PICK } from '../protocol/protocol.ts'
import { ENDED, type Space } from '../protocol/space.ts'
import { emptyBits, join, type Bits } from './bits.ts'
import type { Effects } from './effects.ts'

/** Control states that are followed ahead, at most. */
const MAX_FOLLOWED = 1 << 15

export interface Future {
  readonly reads: Bits
  readonly writes: Bits
}

export class Futures {
  /** By control state: those that can come next; undefined where they are not known beforehand. */
  readonly after = new Map<number, readonly number[] | undefined>()
  private readonly effects: Effects
  private readonly anything: Future
  private futures: (Future | undefined)[] = []

  constructor(space: Space, effects: Effects) {
    this.effects = effects
    this.anything = { reads: emptyBits(effects.width).fill(-1), writes: emptyBits(effects.width).fill(-1) }
    const found = space.state.slice(space.control, space.gone)
    const queue = [...new Set(found)]
    for (const node of queue) {
      const after = this.after.size < MAX_FOLLOWED ? successors(space, node) : undefined
      this.after.set(node, after)
      for (const next of after ?? []) if (!this.after.has(next) && !queue.includes(next)) queue.push(next)
    }
    this.update()
  }

  /** What the rest of a thread may touch. */
  of(node: number): Future {
    return this.futures[node] ?? this.anything
  }

  /** Takes notice of what was learned about steps. */
  update(): void {
    this.futures = []
    for (const [node, after] of this.after) if (after !== undefined) this.futures[node] = this.own(node)
    // Successors are mostly found after their predecessors.
    const upwards = [...this.after].toReversed()
    for (let changed = true; changed;) {
      changed = false
      for (const [node, after] of upwards) {
        const future = this.futures[node]
        if (future === undefined) continue
        for (const next of after!) {
          const { reads, writes } = this.of(next)
          if (join(future.reads, reads)) changed = true
          if (join(future.writes, writes)) changed = true
        }
      }
    }
  }

  /** What the step itself may touch. */
  private own(node: number): Future {
    const { guard, action } = this.effects.call(node)
    const future = { reads: emptyBits(this.effects.width), writes: emptyBits(this.effects.width) }
    for (const behaviour of [guard, action]) if (behaviour) join(future.reads, behaviour.reads)
    if (action) join(future.writes, action.writes)
    return future
  }
}

/** The control states that can come next, or undefined. */
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
