/**
 * All states that runs of a system can reach, and where each transition leads, in flat arrays. A run ends by a violation,
 * or where nobody can go on; what would come behind that is no part of the graph.
 */
import { Widened, type Packer } from '../engine/pack.ts'
import { StateSet } from '../engine/state-set.ts'
import { MAX_ENABLED, type System, type Violation } from '../engine/system.ts'
import { fail } from '../errors.ts'
import { packerFor } from './learn.ts'

/** Beyond so many states a graph takes gigabytes. */
const MAX_STATES = 4_000_000

export interface StateGraph {
  /** Number of states; the initial one is 0. */
  readonly states: number
  /** The edges of state s are those from first[s] to first[s + 1] - 1, in the order in which they are enabled. */
  readonly first: Int32Array
  /** Where an edge leads; `-1 - i` for one that violates `invariants[i]`. */
  readonly target: Int32Array
  /** Who takes it. */
  readonly actor: Int32Array
  /** By state: `-1 - i` where a run ends with `invariants[i]` violated (a deadlock); 0 otherwise. */
  readonly ends: Int32Array
  /** Names of the invariants that runs violate. */
  readonly invariants: readonly string[]
}

/**
 * The graph of what `system` can reach.
 * @throws ShootdownError if there are more than `maxStates` states (default: 4 million)
 */
export function stateGraph(system: System, maxStates = MAX_STATES): StateGraph {
  system.reset()
  const packer = packerFor(system)
  for (;;) {
    try {
      return build(system, packer, maxStates)
    } catch (thrown) {
      if (!(thrown instanceof Widened)) throw thrown
    }
  }
}

function build(system: System, packer: Packer, maxStates: number): StateGraph {
  const visited = new StateSet(packer.bytes)
  const enabled = new Int32Array(MAX_ENABLED)
  const first = [0]
  const target: number[] = []
  const actor: number[] = []
  const ends: number[] = []
  const invariants: string[] = []
  const violates = ({ invariant }: Violation): number => {
    if (!invariants.includes(invariant)) invariants.push(invariant)
    return -1 - invariants.indexOf(invariant)
  }
  system.reset()
  const { state } = system
  const here = state.slice()
  packer.pack(state, visited.probe)
  visited.add()
  for (let number = 0; number < visited.count; number++) {
    if (visited.count > maxStates) throw fail.tooManyStates(maxStates)
    visited.fetch(number)
    packer.unpack(visited.probe, here)
    state.set(here)
    const count = system.enabled(enabled)
    const over = system.progress === 0
    ends.push(over && !system.final() ? violates(system.deadlock()) : 0)
    for (let i = 0; i < count && !over; i++) {
      state.set(here)
      system.apply(enabled[i])
      actor.push(system.actor(enabled[i]))
      const { violation } = system
      if (violation === undefined) {
        packer.pack(state, visited.probe)
        const to = visited.add()
        target.push(to < 0 ? -1 - to : to)
      } else {
        target.push(violates(violation))
        system.clearViolation()
      }
    }
    first.push(target.length)
  }
  return {
    states: visited.count,
    first: Int32Array.from(first),
    target: Int32Array.from(target),
    actor: Int32Array.from(actor),
    ends: Int32Array.from(ends),
    invariants,
  }
}
