/**
 * A hunt: a search for races, then each made small and certified. Where there is time to enumerate the whole space, that is
 * done. Otherwise the search is random, and where it comes back empty-handed, the smallest workloads are enumerated under
 * all schedules, which no amount of luck can miss.
 */
import type { MemoryLimit } from '../engine/memory.ts'
import { ShootdownError } from '../errors.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import type { WitnessKind } from '../machine/facts.ts'
import { workAlone, type Working } from '../plan/work.ts'
import { boundsFor, type Bounds } from '../scenario/bounds.ts'
import type { Race } from '../scenario/race.ts'
import { shrink, type Shrunk } from '../shrink/shrink.ts'
import { verifying, type Verification } from '../verify/verify.ts'
import type { Confidence } from './confidence.ts'
import { coverageOfEnumeration, coverageOfSample, type Coverage } from './coverage.ts'
import { estimateSpace, type SpaceEstimate } from './estimate.ts'
import { searching } from './search.ts'
import { HuntState, type How } from './state.ts'

export interface HuntOptions {
  /** Random runs. Default 100,000. */
  readonly runs?: number
  /** Operations of a random workload, at most. Default 4. */
  readonly operations?: number
  /** Default 1. */
  readonly seed?: number
  /** Name of a strategy. Default `portfolio`. */
  readonly strategy?: string
  readonly bounds?: Partial<Bounds>
  /**
   * Ends the hunt after so many seconds, and what was found is kept. If all workloads can be enumerated under all schedules
   * in that time, they are, in place of random search. Once there is a race, the search takes no more than half of the
   * time: the rest is left for the proof that there is no smaller one. Default: no limit.
   */
  readonly seconds?: number
  /**
   * False, for those who only ask whether there are races: the first workload that has some ends the hunt, and they are
   * left as they were met. Default true.
   */
  readonly shrinks?: boolean
  /** False: nothing is enumerated where random search finds nothing, for those who verify anyway. Default true. */
  readonly enumerates?: boolean
  /** False: what is enumerated is enumerated without reductions. Default true. */
  readonly reduces?: boolean
  /** Asked now and then; true ends the hunt, and what was found is kept. */
  readonly stop?: () => boolean
  readonly onProgress?: (progress: HuntProgress) => void
  /** False: the space is not estimated, for those who want a verdict alone. Default true. */
  readonly estimates?: boolean
  /** Ends what would take more memory. */
  readonly memory?: MemoryLimit | undefined
  /** How far the hunt has come before; it goes on from there, and changes it. */
  readonly state?: HuntState | undefined
  /** Told how large the space is, if that could be estimated, and how it will be searched. */
  readonly onSpace?: ((space: SpaceEstimate | undefined, how: How) => void) | undefined
  /** Told of the first race of each invariant as soon as it is met. */
  readonly onMet?: ((met: Pick<Found, 'raw' | 'foundBy' | 'run'>) => void) | undefined
  /** Told of each race once it is small. */
  readonly onFound?: ((found: Found) => void) | undefined
  /** Told after every unit of work: {@link state} is worth being kept then. */
  readonly onUnit?: (() => void) | undefined
}

/** Random runs, or workloads where those are enumerated. */
export interface HuntProgress {
  readonly how: How
  readonly done: number
  readonly of: number | undefined
}

/** Why a race has no certificate: its search is too large, time ran out, `stop` ended it, or nobody asked for one. */
export type Unproven = 'too large' | 'time' | 'stopped' | 'not asked for'

export interface Found extends Shrunk {
  /** Absent where there is a certificate. */
  readonly unproven?: Unproven
  /** The race as it was met. */
  readonly raw: Race
  /** Name of the strategy that met it, and the number of the run; `enumeration` counts none. */
  readonly foundBy: string
  readonly run: number
}

export interface Hunted {
  readonly policy: AnyPolicy
  readonly verdict: 'race' | 'clean'
  readonly strategy: string
  readonly seed: number
  readonly runs: number
  readonly steps: number
  readonly seconds: number
  /** One race for each invariant that was seen violated. */
  readonly found: readonly Found[]
  readonly witnesses: ReadonlySet<WitnessKind>
  readonly bounds: Bounds
  /** What was enumerated: in place of random search, or after it, if it was. */
  readonly enumerated: Verification | undefined
  /** How large the space is; absent where nobody asked, or where code of the policy does not stand being tried out. */
  readonly space: SpaceEstimate | undefined
  readonly covered: Coverage
  /** What it is worth that random runs met no race; absent where there were none, or a race. */
  readonly confidence: Confidence | undefined
  /** True if memory ended the search. */
  readonly full: boolean
}

/** Workloads of so many guest operations, without speculation, are few enough to be enumerated in passing. */
const ENUMERATED_OPERATIONS = 2

export const HUNT_DEFAULTS = { runs: 100_000, operations: 4, seed: 1, strategy: 'portfolio' } as const

/** The part of its time that a hunt spends on finding out how large its space is. */
const ESTIMATE_SHARE = 0.1
/** ... and how much it looks at then, at most. */
const TIMED_SAMPLE = { sample: 32, maxStates: 2_000_000 } as const

export const hunt = (policy: AnyPolicy, options: HuntOptions = {}): Hunted =>
  workAlone(hunting(policy, options))

/** A hunt, with the units of its searches left to be done by somebody. */
export function* hunting(policy: AnyPolicy, options: HuntOptions = {}): Working<Hunted> {
  const { runs, operations, seed, strategy } = { ...HUNT_DEFAULTS, ...options }
  const { seconds = Infinity, memory, state = new HuntState(), onUnit } = options
  const bounds = boundsFor(policy, options.bounds)
  const begun = performance.now()
  const before = state.seconds
  const elapsed = (): number => (performance.now() - begun) / 1000
  const stopped = (): boolean => options.stop?.() === true
  const stop = (): boolean => stopped() || elapsed() > seconds
  let full = false
  const found: Found[] = []
  const make = (raw: Race, foundBy: string, run: number): void => {
    const each = { ...small(raw), raw, foundBy, run }
    found.push(each)
    options.onFound?.(each)
  }
  const small = (raw: Race): Shrunk & Pick<Found, 'unproven'> => {
    if (options.shrinks === false) return { race: raw, certificate: undefined, unproven: 'not asked for' }
    const result = shrink(raw, { stop, memory })
    if (result.certificate !== undefined) return result
    return { ...result, unproven: stopped() ? 'stopped' : elapsed() > seconds ? 'time' : 'too large' }
  }
  const met = (foundBy: string) => (raw: Race, run?: number) =>
    options.onMet?.({ raw, foundBy, run: run ?? 0 })
  const unitDone = (): void => {
    state.seconds = before + elapsed()
    onUnit?.()
  }
  /** Whether a search that has met so many races is to end. */
  const enough = (races: number): boolean => {
    if (memory?.exceeded === true) full = true
    return full || stop() || (races > 0 && (options.shrinks === false || elapsed() > seconds / 2))
  }

  const space = options.estimates === false || stop() ? undefined : estimate()
  const inTime = space !== undefined && seconds < Infinity && space.seconds.high <= seconds - elapsed()
  state.how ??= inTime ? 'enumerated' : 'sampled'
  const { how, searched, verified } = state
  options.onSpace?.(space, how)

  let enumerated: Verification | undefined
  let confidence: Confidence | undefined
  if (how === 'enumerated') {
    enumerated = yield* verifying({
      policy,
      bounds,
      operations,
      memory,
      before: verified,
      everyInvariant: true,
      // What was covered is told beside the estimate, which is one of all states.
      reduces: false,
      stop: () => enough(verified.met.length),
      onMet: met('enumeration'),
      onUnit: unitDone,
      onProgress: ({ workloads, of }) => options.onProgress?.({ how, done: workloads, of }),
    })
  } else {
    const result = yield* searching({
      policy,
      bounds,
      operations,
      runs,
      seed,
      strategy,
      endsAtRace: options.shrinks === false,
      before: searched,
      onMet: met(strategy),
      onUnit: unitDone,
      stop(done, races) {
        options.onProgress?.({ how, done, of: runs })
        return enough(races)
      },
    })
    if (result.races.length === 0) ({ confidence } = result)
    result.races.forEach((raw, i) => make(raw, strategy, result.foundAt[i]))
    if (found.length === 0 && options.enumerates !== false && !full && !stop()) {
      enumerated = yield* verifying({
        policy,
        bounds: { ...bounds, speculation: 0, eviction: false },
        operations: Math.min(ENUMERATED_OPERATIONS, operations),
        reduces: options.reduces ?? true,
        memory,
        before: verified,
        stop,
        onMet: (race) => met('enumeration')({ ...race, bounds }),
        onUnit: unitDone,
      })
    }
  }
  full ||= enumerated?.full !== undefined
  for (const raw of enumerated?.races ?? []) make({ ...raw, bounds }, 'enumeration', 0)
  return {
    policy,
    verdict: found.length > 0 ? 'race' : 'clean',
    strategy,
    seed,
    runs: searched.runs,
    steps: searched.steps,
    seconds: before + elapsed(),
    found,
    witnesses: how === 'enumerated' ? verified.witnesses : searched.witnesses,
    bounds,
    enumerated,
    space,
    covered:
      how === 'enumerated' ? coverageOfEnumeration(enumerated!, space) : coverageOfSample(searched, space),
    confidence,
    full,
  }

  /** How large the space is. Where code of the policy fails on the way, the search itself is to say so, if it comes across that. */
  function estimate(): SpaceEstimate | undefined {
    const timed = seconds < Infinity
    const end = elapsed() + seconds * ESTIMATE_SHARE
    try {
      const estimated = estimateSpace({
        policy,
        bounds,
        operations,
        seed,
        memory,
        ...(timed && TIMED_SAMPLE),
        // Where time does not matter, the number of states is what limits it, and it is the same every time.
        ...(timed && { stop: () => stopped() || elapsed() > end }),
      })
      return estimated.sample > 0 ? estimated : undefined
    } catch (thrown) {
      if (thrown instanceof ShootdownError) return undefined
      throw thrown
    }
  }
}
