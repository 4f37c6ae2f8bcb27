/**
 * What a system can reach, found the plain way: depth-first, states as strings in a Map. It shares nothing with the
 * package's search but the interface of a system.
 */
import { MAX_ENABLED, type System } from '../../src/engine/system.ts'

export interface Reached {
  readonly states: number
  readonly transitions: number
  /** Length of the longest of the shortest paths to a state. */
  readonly depth: number
  /** Names of all invariants that some transition violates, deadlocks included. */
  readonly violated: ReadonlySet<string>
}

/** Follows every transition of every reachable state; violating ones too, unless they are where a path ends. */
export function bruteForce(system: System, beyond = true): Reached {
  const out = new Int32Array(MAX_ENABLED)
  const successors = new Map<string, string[]>()
  const violated = new Set<string>()
  system.reset()
  const first = system.state.join()
  const stack = [system.state.slice()]
  for (let here = stack.pop(); here !== undefined; here = stack.pop()) {
    const key = here.join()
    if (successors.has(key)) continue
    const after: string[] = []
    successors.set(key, after)
    system.state.set(here)
    const enabled = [...out.subarray(0, system.enabled(out))]
    if (system.progress === 0 && !system.final()) violated.add(system.deadlock().invariant)
    for (const transition of enabled) {
      system.state.set(here)
      system.apply(transition)
      const { violation } = system
      if (violation !== undefined) violated.add(violation.invariant)
      system.clearViolation()
      if (violation !== undefined && !beyond) continue
      after.push(system.state.join())
      if (!successors.has(after.at(-1)!)) stack.push(system.state.slice())
    }
  }
  const transitions = [...successors.values()].reduce((sum, after) => sum + after.length, 0)
  return { states: successors.size, transitions, depth: depthOf(successors, first), violated }
}

function depthOf(successors: ReadonlyMap<string, readonly string[]>, first: string): number {
  const seen = new Set([first])
  let level = [first]
  for (let depth = 0; ; depth++) {
    const next = new Set(level.flatMap((key) => successors.get(key)!).filter((key) => !seen.has(key)))
    if (next.size === 0) return depth
    for (const key of next) seen.add(key)
    level = [...next]
  }
}
