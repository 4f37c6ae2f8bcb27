/** Races as random search meets them, for the tests of shrinking; and whether a race is one. */
import { MAX_ENABLED, type Violation } from '../../src/engine/system.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { searchRaces } from '../../src/hunt/search.ts'
import type { Bounds } from '../../src/scenario/bounds.ts'
import type { Race } from '../../src/scenario/race.ts'
import type { Workload } from '../../src/scenario/workload.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { shortest } from '../../src/shrink/shortest.ts'

const STRATEGIES = ['random', 'pct', 'portfolio']

export interface RawOptions {
  readonly bounds: Bounds
  readonly count: number
  readonly invariant?: string
  /** Seeds that are tried, at most. */
  readonly seeds?: number
  readonly operations?: number
}

/** Up to `count` races of a policy, each from a seed and strategy of its own. */
export function rawRaces(policy: AnyPolicy, options: RawOptions): Race[] {
  const { bounds, count, invariant, seeds = 800, operations = 3 } = options
  const found: Race[] = []
  for (let seed = 1; seed <= seeds && found.length < count; seed++) {
    const strategy = STRATEGIES[seed % STRATEGIES.length]
    const { races } = searchRaces({ policy, bounds, operations, runs: 240, seed, strategy })
    found.push(...races.filter(({ violation }) => violation.invariant === (invariant ?? violation.invariant)))
  }
  return found.slice(0, count)
}

/** Takes a race's schedule step by step; what it violates with its last transition, and not before. */
export function replay({ policy, bounds, workload, schedule }: Race): Violation | undefined {
  const world = new Worlds(policy, bounds).at(workload)
  const out = new Int32Array(MAX_ENABLED)
  for (const transition of schedule) {
    if (world.violation !== undefined) return undefined
    if (!out.subarray(0, world.enabled(out)).includes(transition)) return undefined
    world.apply(transition)
  }
  if (world.violation !== undefined) return world.violation
  world.enabled(out)
  return world.progress === 0 && !world.final() ? world.deadlock() : undefined
}

/** The smallest race of an invariant in one workload. */
export function raceIn(policy: AnyPolicy, bounds: Bounds, workload: Workload, invariant: string): Race {
  const { found } = shortest(new Worlds(policy, bounds).at(workload), { invariant })
  if (found === undefined) throw new Error(`${policy.name} does not violate ${invariant} there`)
  return { policy, bounds, workload, schedule: found.schedule, violation: found.violation }
}
