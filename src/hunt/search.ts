/**
 * The random part of a hunt, in units: workloads drawn at random, each run under a number of schedules; the first race of
 * every invariant is kept. A unit has random numbers of its own, so it is the same whatever came before it.
 */
import { Random, seedOfStream } from '../engine/random.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { Runner } from '../explore/run.ts'
import { strategyNamed } from '../explore/strategies.ts'
import type { Promised, Strategy } from '../explore/strategy.ts'
import type { WitnessKind } from '../machine/facts.ts'
import type { Following, Plan, Stop, UnitResult } from '../plan/plan.ts'
import { workAlone, type Working } from '../plan/work.ts'
import { cpusAlike, type Bounds } from '../scenario/bounds.ts'
import type { Met, Race } from '../scenario/race.ts'
import { sampleWorkload } from '../scenario/sample.ts'
import { canonicalWorkload } from '../scenario/canonical-workload.ts'
import { Worlds } from '../scenario/worlds.ts'
import type { Confidence } from './confidence.ts'
import { Searched } from './searched.ts'
import { SeenStates } from './seen-states.ts'

/** Schedules tried for a workload before the next one is drawn. */
const SCHEDULES_PER_WORKLOAD = 40
/** Workloads of a unit: some ten milliseconds of work. */
const WORKLOADS_PER_UNIT = 25
const RUNS_PER_UNIT = WORKLOADS_PER_UNIT * SCHEDULES_PER_WORKLOAD
/** Runs that teach how long runs are. */
const PILOT_RUNS = 1000
/** In a search of more units than this, the states of one workload in so many are counted: it takes time. */
const COUNTED_WHOLE = 8
const COUNTED_SHARE = 8

export interface SearchOptions {
  readonly policy: AnyPolicy
  readonly bounds: Bounds
  readonly operations: number
  readonly runs: number
  readonly seed: number
  readonly strategy: string
  /** True: the first workload that has races is the last one. */
  readonly endsAtRace?: boolean
}

/** What one unit found, or a part of it: plain data, that another thread may have made. */
export interface SearchedUnit extends UnitResult {
  readonly runs: number
  readonly steps: number
  /** The k of PCT, in steps: the same in all units. */
  readonly length: number
  /** Workloads that had all their runs. */
  readonly workloads: number
  /** Workloads whose states were counted, and how many were gone through: each once for every workload drawn. */
  readonly counted: number
  readonly states: number
  /** At most one race for each invariant, in the order in which they were met; runs are counted within the unit. */
  readonly met: readonly Met[]
  readonly witnesses: readonly WitnessKind[]
  /** The workloads that were drawn, as text; those that stand for each other are written alike. */
  readonly drawn: readonly string[]
}

/** The units of a random search. */
export class SearchPlan implements Plan<SearchedUnit> {
  readonly options: SearchOptions
  private readonly worlds: Worlds
  private readonly runner = new Runner()
  private readonly units: number
  private readonly countedShare: number
  private readonly promises: readonly Promised[]
  private length: number | undefined

  constructor(options: SearchOptions) {
    this.options = options
    this.worlds = new Worlds(options.policy, options.bounds)
    this.units = Math.ceil(options.runs / RUNS_PER_UNIT)
    this.countedShare = this.units > COUNTED_WHOLE ? COUNTED_SHARE : 1
    this.promises = strategyNamed(options.strategy, 0).promises ?? []
  }

  has(unit: number): boolean {
    return unit < this.units
  }

  run(unit: number, stop: Stop<SearchedUnit>): SearchedUnit {
    const { runs, seed, strategy, endsAtRace = false } = this.options
    const own = seedOfStream(seed, unit)
    const random = new Random(seedOfStream(own, 0))
    this.pilot(stop)
    const walker = strategyNamed(strategy, seedOfStream(own, 1), this.length)
    const ends: Stop<SearchedUnit> = (part) => (endsAtRace && part!.met.length > 0) || stop(part)
    return this.search(random, walker, Math.min(RUNS_PER_UNIT, runs - unit * RUNS_PER_UNIT), ends)
  }

  /**
   * Finds out the k of PCT, in steps: the longest of some runs that are made beforehand and not counted. It is the same for
   * all units, so that all of them promise the same; who is stopped meanwhile has no unit to do with it.
   */
  private pilot(stop: Stop<SearchedUnit>): void {
    if (this.length !== undefined) return
    const { runs, seed, strategy } = this.options
    const own = seedOfStream(seed, -1)
    let longest = 1
    const pilot = strategyNamed(strategy, seedOfStream(own, 1))
    const listening: Strategy = {
      ...pilot,
      end(steps) {
        pilot.end(steps)
        longest = Math.max(longest, steps)
      },
    }
    if (this.promises.length > 0)
      this.search(new Random(seedOfStream(own, 0)), listening, Math.min(PILOT_RUNS, runs), () =>
        stop(undefined),
      )
    this.length = longest
  }

  /** What a search by this plan is worth if it met no race. */
  confidence({ workloads, length }: Searched): Confidence {
    const pct = this.promises.map(({ depth, oneIn }) => ({
      depth,
      actors: this.worlds.at([]).actors,
      length,
      workloads,
      runsPerWorkload: Math.floor(SCHEDULES_PER_WORKLOAD / oneIn),
    }))
    return { workloads, runsPerWorkload: SCHEDULES_PER_WORKLOAD, pct }
  }

  /** So many runs, of workloads that `random` draws. */
  private search(random: Random, strategy: Strategy, runs: number, stop: Stop<SearchedUnit>): SearchedUnit {
    const { policy, bounds, operations } = this.options
    const { worlds, runner, countedShare } = this
    const { vcpus, groups } = bounds
    const alike = cpusAlike(policy, bounds)
    const met: Met[] = []
    const unit = {
      whole: true,
      runs: 0,
      steps: 0,
      length: this.length ?? 1,
      workloads: 0,
      counted: 0,
      states: 0,
      met,
      witnesses: [] as WitnessKind[],
      drawn: [] as string[],
    }
    worlds.forgetWitnesses()
    for (let number = 0; unit.runs < runs; number++) {
      if (number > 0 && stop(unit)) {
        unit.whole = false
        break
      }
      const workload = sampleWorkload(random, policy, { vcpus, operations, groups })
      unit.drawn.push(JSON.stringify(canonicalWorkload(workload, policy, groups, alike)))
      const world = worlds.at(workload)
      const seen = number % countedShare === 0 ? new SeenStates() : undefined
      const schedules = Math.min(SCHEDULES_PER_WORKLOAD, runs - unit.runs)
      for (let i = 0; i < schedules; i++) {
        const { steps, violation } = runner.run(world, strategy, seen)
        unit.runs++
        unit.steps += steps
        if (violation === undefined || met.some((each) => each.violation.invariant === violation.invariant))
          continue
        const schedule = runner.schedule.slice(0, steps)
        met.push({ workload, schedule, violation, run: unit.runs })
      }
      if (schedules === SCHEDULES_PER_WORKLOAD) unit.workloads++
      if (seen !== undefined) {
        unit.counted++
        unit.states += seen.count
      }
    }
    unit.witnesses.push(...worlds.witnessed())
    return unit
  }
}

export interface SearchRacesOptions extends SearchOptions {
  /** Asked before every workload, with the runs and the races until then; true ends the search. */
  readonly stop?: (runs: number, races: number) => boolean
  /** What was searched before, to go on from. */
  readonly before?: Searched | undefined
  /** Told of every race that is the first of its invariant. */
  readonly onMet?: ((race: Race, run: number) => void) | undefined
  /** Told after every unit that was done to its end. */
  readonly onUnit?: (() => void) | undefined
}

export interface SearchResult {
  /** At most one race for each invariant, in the order in which they were met. */
  readonly races: readonly Race[]
  /** Number of the run that met the race of the same place in {@link races}. */
  readonly foundAt: readonly number[]
  readonly runs: number
  readonly steps: number
  readonly witnessed: ReadonlySet<WitnessKind>
  readonly searched: Searched
  /** What the search is worth where it met no race. */
  readonly confidence: Confidence
}

export const searchRaces = (options: SearchRacesOptions): SearchResult => workAlone(searching(options))

/** A random search, with its units left to be done by somebody. */
export function* searching(options: SearchRacesOptions): Working<SearchResult> {
  const { policy, bounds, stop, onMet, onUnit } = options
  const plan = new SearchPlan(options)
  const searched = options.before ?? new Searched()
  const raceOf = ({ workload, schedule, violation }: Met): Race => ({
    policy,
    bounds,
    workload,
    schedule,
    violation,
  })
  const following: Following<SearchedUnit> = {
    from: searched.units,
    stop: (part) =>
      stop?.(searched.runs + (part?.runs ?? 0), searched.met.length + (part?.met.length ?? 0)) === true,
    take(unit) {
      for (const met of searched.add(unit)) onMet?.(raceOf(met), met.run)
      if (unit.whole) onUnit?.()
      return false
    },
  }
  yield { plan, following }
  return {
    races: searched.met.map(raceOf),
    foundAt: searched.met.map(({ run }) => run),
    runs: searched.runs,
    steps: searched.steps,
    witnessed: searched.witnesses,
    searched,
    confidence: plan.confidence(searched),
  }
}
