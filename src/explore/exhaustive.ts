/**
 * Exhaustive search: breadth-first over all states that a system can reach, each visited once. Whatever a state's
 * future holds depends on the state alone, so a clean search is a proof for the bounds that the system was built with.
 */
import { fail } from '../errors.ts'
import { isOutOfMemory, type MemoryLimit } from '../engine/memory.ts'
import type { Packer } from '../engine/pack.ts'
import { Restart } from '../engine/restart.ts'
import { BATCH, StateSet } from '../engine/state-set.ts'
import { MAX_ENABLED, type System, type Violation } from '../engine/system.ts'
import { learn, packerFor } from './learn.ts'

export interface Exploration {
  readonly states: number
  readonly transitions: number
  /** Length of the longest shortest path. */
  readonly depth: number
  /** The first violation met, which is one of the shortest; the search ends with it. */
  readonly violation: Violation | undefined
  /** Names of the invariants that were met violated. */
  readonly violated: ReadonlySet<string>
  /** Bytes of the visited set, and bits of a packed state. */
  readonly bytes: number
  readonly packedBits: number
  /** False if the search was given up before its end. */
  readonly complete: boolean
  /** True if that was because memory ended: that of the limit, or that of the machine. */
  readonly full: boolean
}

export interface ExhaustiveOptions {
  /** Fail with a clear sentence beyond this many states. Default 20 million. */
  readonly maxStates?: number
  /** Asked now and then; true gives the search up. */
  readonly stop?: () => boolean
  /** Give the search up where it would take more memory. */
  readonly memory?: MemoryLimit | undefined
  /** Fit the packed form to this search alone: worth its time where states are many. */
  readonly fitted?: boolean
  /** Follow violating transitions like others and report none, for counting. */
  readonly countOnly?: boolean
  /** Told what the search meets; like {@link countOnly}, the search goes on behind violations and deadlocks. */
  readonly observer?: Observer
}

/** Who wants to see all ends of a search. The system is in the state in question while it is called. */
export interface Observer {
  /** A state in which every thread has ended and nobody has anything left to do. */
  ended?(): void
  /** A state that is none of those, and in which nobody can go on. */
  stuck?(violation: Violation): void
  /** A transition violated an invariant. */
  violated?(violation: Violation): void
}

/** Explores all that `system` can reach. */
export function explore(system: System, options: ExhaustiveOptions = {}): Exploration {
  system.reset()
  let packer: Packer | undefined
  for (;;) {
    let visited: StateSet | undefined
    try {
      packer ??= options.fitted === true ? learn(system) : packerFor(system)
      visited = new StateSet(packer.bytes, options.memory)
      return search(system, packer, visited, options)
    } catch (thrown) {
      if (!(thrown instanceof Restart)) throw thrown
    } finally {
      visited?.free()
    }
  }
}

function search(system: System, packer: Packer, visited: StateSet, options: ExhaustiveOptions): Exploration {
  const { maxStates = 20_000_000, stop, observer } = options
  const goesOn = options.countOnly === true || observer !== undefined
  const enabled = new Int32Array(MAX_ENABLED)
  system.reset()
  const { state } = system
  const here = state.slice()
  const packed = visited.probe.slice()
  const words = packed.length
  /** Successors that were not looked up yet, one after the other. */
  const batch = new Uint32Array(BATCH * words)
  let waiting = 0
  packer.pack(state, visited.probe)
  visited.add()
  let transitions = 0
  let depth = 0
  let levelEnd = 1
  const violated = new Set<string>()
  const report = (violation: Violation | undefined, complete: boolean, full = false): Exploration => ({
    states: visited.count,
    transitions,
    depth,
    violation,
    violated,
    bytes: visited.bytes,
    packedBits: packer.bits,
    complete,
    full,
  })
  const lookUp = (): void => {
    visited.addAll(batch, waiting)
    waiting = 0
  }
  try {
    for (let number = 0; ; number++) {
      if (number === levelEnd) {
        lookUp()
        if (number === visited.count) break
        depth++
        levelEnd = visited.count
      }
      if ((number & 0x3ff) === 0 && stop?.() === true) return report(undefined, false)
      visited.fetch(number)
      packed.set(visited.probe)
      packer.unpackChanging(packed, state, here)
      const count = system.enabled(enabled)
      if (system.progress === 0) {
        if (system.final()) observer?.ended?.()
        else {
          const deadlock = system.deadlock()
          violated.add(deadlock.invariant)
          if (!goesOn) return report(deadlock, true)
          observer?.stuck?.(deadlock)
        }
      }
      // States are expanded in the order of their numbers: what leads to a higher one postpones nothing for ever.
      const enough = system.sufficient ?? count
      let goesForward = false
      if (enough < count) lookUp()
      for (let i = 0; i < count; i++) {
        if (i === enough && goesForward) break
        system.apply(enabled[i])
        transitions++
        const { violation } = system
        if (violation !== undefined) {
          violated.add(violation.invariant)
          if (!goesOn) return report(violation, true)
          observer?.violated?.(violation)
          system.clearViolation()
        }
        if (enough < count) {
          packer.repack(state, here, packed, visited.probe, 0)
          const target = visited.add()
          if (target > number || -1 - target > number) goesForward = true
          continue
        }
        packer.repack(state, here, packed, batch, waiting * words)
        if (++waiting === BATCH) lookUp()
      }
      if (visited.count > maxStates) throw fail.tooManyStates(maxStates)
    }
  } catch (thrown) {
    if (!isOutOfMemory(thrown)) throw thrown
    return report(undefined, false, true)
  }
  return report(undefined, true)
}
