/**
 * The random part of a hunt: workloads drawn at random, each run under a number of schedules; the first race of every
 * invariant is kept.
 */
import { Random } from '../engine/random.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { Runner } from '../explore/run.ts'
import { strategyNamed } from '../explore/strategies.ts'
import type { Bounds } from '../scenario/bounds.ts'
import type { Race } from '../scenario/race.ts'
import { sampleWorkload } from '../scenario/sample.ts'
import { Worlds } from '../scenario/worlds.ts'
import type { WitnessKind } from '../machine/facts.ts'

/** Schedules tried for a workload before the next one is drawn. */
const SCHEDULES_PER_WORKLOAD = 40

export interface SearchOptions {
  readonly policy: AnyPolicy
  readonly bounds: Bounds
  readonly operations: number
  readonly runs: number
  readonly seed: number
  readonly strategy: string
  /** Asked before every workload, with the runs and the races until then; true ends the search. */
  readonly stop?: (runs: number, races: number) => boolean
}

export interface SearchResult {
  /** At most one race for each invariant, in the order in which they were met. */
  readonly races: readonly Race[]
  /** Number of the run that met the race of the same place in {@link races}. */
  readonly foundAt: readonly number[]
  readonly runs: number
  readonly steps: number
  readonly witnessed: ReadonlySet<WitnessKind>
}

export function searchRaces(options: SearchOptions): SearchResult {
  const { policy, bounds, operations, seed } = options
  const random = new Random(seed)
  const strategy = strategyNamed(options.strategy, seed)
  const worlds = new Worlds(policy, bounds)
  const runner = new Runner()
  const races = new Map<string, Race>()
  const foundAt: number[] = []
  let runs = 0
  let steps = 0
  while (runs < options.runs && options.stop?.(runs, races.size) !== true) {
    const workload = sampleWorkload(random, policy, {
      vcpus: bounds.vcpus,
      operations,
      groups: bounds.groups,
    })
    const world = worlds.at(workload)
    for (let i = 0; i < SCHEDULES_PER_WORKLOAD && runs < options.runs; i++) {
      const run = runner.run(world, strategy)
      runs++
      steps += run.steps
      if (run.violation === undefined || races.has(run.violation.invariant)) continue
      const schedule = runner.schedule.slice(0, run.steps)
      races.set(run.violation.invariant, { policy, bounds, workload, schedule, violation: run.violation })
      foundAt.push(runs)
    }
  }
  return { races: [...races.values()], foundAt, runs, steps, witnessed: worlds.witnessed() }
}
