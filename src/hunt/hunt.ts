/**
 * A hunt: random search for races, then each made small and certified. Where random search comes back empty-handed, the
 * smallest workloads are enumerated under all schedules, which no amount of luck can miss.
 */
import type { AnyPolicy } from '../guest/policy.ts'
import type { WitnessKind } from '../machine/facts.ts'
import { boundsFor, type Bounds } from '../scenario/bounds.ts'
import type { Race } from '../scenario/race.ts'
import { shrink, type Shrunk } from '../shrink/shrink.ts'
import { verify, type Verification } from '../verify/verify.ts'
import { searchRaces } from './search.ts'

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
   * Ends the hunt after so many seconds, and what was found is kept. Once there is a race, random search takes no more
   * than half of them: the rest is left for the proof that there is no smaller one. Default: no limit.
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
  readonly onProgress?: (progress: { runs: number; of: number }) => void
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
  /** What was enumerated after the random search, if it was. */
  readonly enumerated: Verification | undefined
}

/** Workloads of so many guest operations, without speculation, are few enough to be enumerated in passing. */
const ENUMERATED_OPERATIONS = 2

export const HUNT_DEFAULTS = { runs: 100_000, operations: 4, seed: 1, strategy: 'portfolio' } as const

export function hunt(policy: AnyPolicy, options: HuntOptions = {}): Hunted {
  const { runs, operations, seed, strategy } = { ...HUNT_DEFAULTS, ...options }
  const bounds = boundsFor(policy, options.bounds)
  const begun = performance.now()
  const elapsed = (): number => (performance.now() - begun) / 1000
  const { seconds = Infinity } = options
  const stopped = (): boolean => options.stop?.() === true
  const stop = (): boolean => stopped() || elapsed() > seconds
  const shrunk = (raw: Race): Shrunk & Pick<Found, 'unproven'> => {
    if (options.shrinks === false) return { race: raw, certificate: undefined, unproven: 'not asked for' }
    const result = shrink(raw, { stop })
    if (result.certificate !== undefined) return result
    return { ...result, unproven: stopped() ? 'stopped' : elapsed() > seconds ? 'time' : 'too large' }
  }
  const searched = searchRaces({
    policy,
    bounds,
    operations,
    runs,
    seed,
    strategy,
    stop: (done, races) => {
      options.onProgress?.({ runs: done, of: runs })
      return stop() || (races > 0 && (options.shrinks === false || elapsed() > seconds / 2))
    },
  })
  const found = searched.races.map((raw, i): Found => ({
    ...shrunk(raw),
    raw,
    foundBy: strategy,
    run: searched.foundAt[i],
  }))
  const enumerate = found.length === 0 && options.enumerates !== false && !stop()
  const plain = { ...bounds, speculation: 0, eviction: false }
  const enumerated = enumerate
    ? verify({
        policy,
        bounds: plain,
        operations: Math.min(ENUMERATED_OPERATIONS, operations),
        reduces: options.reduces ?? true,
        stop,
      })
    : undefined
  const raw = enumerated?.race && { ...enumerated.race, bounds }
  if (raw !== undefined) found.push({ ...shrunk(raw), raw, foundBy: 'enumeration', run: 0 })
  return {
    policy,
    verdict: found.length > 0 ? 'race' : 'clean',
    strategy,
    seed,
    runs: searched.runs,
    steps: searched.steps,
    seconds: elapsed(),
    found,
    witnesses: searched.witnessed,
    bounds,
    enumerated,
  }
}
