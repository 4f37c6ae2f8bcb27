/** What part of its space a hunt has looked at. Counts are exact where they are not said to be estimates. */
import type { Verification } from '../verify/verify.ts'
import type { SpaceEstimate } from './estimate.ts'
import type { Searched } from './searched.ts'
import type { How } from './state.ts'

export interface Coverage {
  readonly how: How
  /** Different workloads that were looked at: run at random (an estimate, within 2 %), or enumerated. */
  readonly workloads: number
  /** Share of all workloads; absent where their number is not known. */
  readonly workloadShare?: number
  /**
   * States that were looked at. Enumerated: each once. Sampled: each once for every workload that was drawn, so no more than
   * these are different; an estimate where not all workloads were counted.
   */
  readonly states: number
  /** Share of all states, by the estimate of their number; of a sampled hunt an upper bound, and absent if it says nothing. */
  readonly stateShare?: number
}

/** What random runs have covered. */
export function coverageOfSample(searched: Searched, space: SpaceEstimate | undefined): Coverage {
  const workloads = Math.min(searched.drawn.count, space?.workloads.about ?? Infinity)
  const counted = Math.max(1, searched.counted)
  const states = Math.round((searched.states / counted) * Math.max(searched.workloads, counted))
  const { stateShare, ...shares } = sharesOf(workloads, states, space)
  // Workloads that were drawn again have been counted again.
  const bound = stateShare !== undefined && stateShare < 1 ? { stateShare } : {}
  return { how: 'sampled', workloads, states, ...shares, ...bound }
}

/** What an enumeration of the whole space has covered: all of it if it came to its end. */
export function coverageOfEnumeration(
  { workloads, states, of, verdict, full }: Verification,
  space: SpaceEstimate | undefined,
): Coverage {
  const whole = workloads === of && verdict !== 'incomplete' && full === undefined
  const shares = whole ? { workloadShare: 1, stateShare: 1 } : sharesOf(workloads, states, space)
  return { how: 'enumerated', workloads, states, ...shares }
}

function sharesOf(
  workloads: number,
  states: number,
  space: SpaceEstimate | undefined,
): Pick<Coverage, 'workloadShare' | 'stateShare'> {
  if (space === undefined) return {}
  return {
    workloadShare: Math.min(1, workloads / space.workloads.about),
    stateShare: Math.min(1, states / space.states.about),
  }
}
