/** A hunt: random search for races, then each made small and certified. */
import type { Policy } from '../guest/policy.ts'
import type { WitnessKind } from '../machine/facts.ts'
import { makeBounds, type Bounds } from '../scenario/bounds.ts'
import type { Race } from '../scenario/race.ts'
import { shrink, type Shrunk } from '../shrink/shrink.ts'
import { searchRaces } from './search.ts'

export interface HuntOptions {
  /** Random runs. Default 50,000. */
  readonly runs?: number
  /** Operations of a random workload, at most. Default 4. */
  readonly operations?: number
  /** Default 1. */
  readonly seed?: number
  /** Name of a strategy. Default `random`. */
  readonly strategy?: string
  readonly bounds?: Partial<Bounds>
  /** Asked now and then; true ends the hunt, and what was found is kept. */
  readonly stop?: () => boolean
  readonly onProgress?: (progress: { runs: number; of: number }) => void
}

export interface Found extends Shrunk {
  /** The race as it was met. */
  readonly raw: Race
  /** Number of the run that met it. */
  readonly run: number
}

export interface Hunted {
  readonly policy: Policy<any>
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
}

export const HUNT_DEFAULTS = { runs: 50_000, operations: 4, seed: 1, strategy: 'random' } as const

export function hunt(policy: Policy<any>, options: HuntOptions = {}): Hunted {
  const { runs, operations, seed, strategy } = { ...HUNT_DEFAULTS, ...options }
  const bounds = makeBounds(options.bounds)
  const begun = performance.now()
  const searched = searchRaces({
    policy,
    bounds,
    operations,
    runs,
    seed,
    strategy,
    stop: (done) => {
      options.onProgress?.({ runs: done, of: runs })
      return options.stop?.() === true
    },
  })
  const stop = options.stop === undefined ? {} : { stop: options.stop }
  const found = searched.races.map((raw, i): Found => ({ ...shrink(raw, stop), raw, run: searched.foundAt[i] }))
  return {
    policy,
    verdict: found.length > 0 ? 'race' : 'clean',
    strategy,
    seed,
    runs: searched.runs,
    steps: searched.steps,
    seconds: (performance.now() - begun) / 1000,
    found,
    witnesses: searched.witnessed,
    bounds,
  }
}
