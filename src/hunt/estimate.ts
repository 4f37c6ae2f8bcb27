/**
 * How large a space is that nobody has enumerated: a few workloads are drawn evenly and explored whole, and what they come
 * to is scaled up to all placements (see {@link Placements}; the principle is that of Knuth, "Estimating the efficiency of
 * backtrack programs", 1975: what was drawn counts as often as it was unlikely). Sizes of workloads spread over orders of
 * magnitude, about like a log-normal distribution, so that is what the interval supposes (Cox's method as modified by
 * Olsson, "Confidence intervals for the mean of a log-normal distribution", 2005). A workload that outgrows the budget
 * counts with what was seen of it: the estimate is a lower bound then, and has no upper end.
 */
import type { MemoryLimit } from '../engine/memory.ts'
import { Random, seedOfStream } from '../engine/random.ts'
import { ShootdownError } from '../errors.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { explore } from '../explore/exhaustive.ts'
import type { Bounds } from '../scenario/bounds.ts'
import { Placements } from '../scenario/placements.ts'
import type { Workload } from '../scenario/workload.ts'
import { Worlds } from '../scenario/worlds.ts'
import { WorkloadList } from '../verify/workload-list.ts'

/** An estimate with the ends of its 95 % interval. All three are equal where it is no estimate. */
export interface Interval {
  readonly low: number
  readonly about: number
  readonly high: number
}

export interface SpaceEstimate {
  /** Workloads; those that stand for each other are one. */
  readonly workloads: Interval
  /** States of all of them together. `high` is infinite where some were too large for the budget. */
  readonly states: Interval
  /** Seconds that enumerating them would take at the speed at which the sample was explored. */
  readonly seconds: Interval
  /** Workloads that were explored for this. */
  readonly sample: number
}

export interface EstimateOptions {
  readonly policy: AnyPolicy
  readonly bounds: Bounds
  readonly operations: number
  readonly seed: number
  /** Workloads to explore. Default 8. */
  readonly sample?: number
  /** States of one of them, at most. Default 20,000. */
  readonly maxStates?: number
  readonly memory?: MemoryLimit | undefined
  readonly stop?: () => boolean
}

const SAMPLE = 8
const MAX_STATES = 20_000
/** Up to so many workloads are listed rather than estimated. */
const LISTED = 10_000
/** Placements that the number of workloads is estimated from, and how many ways of writing them may be looked at. */
const COUNTED = 1000
const COUNTED_WAYS = 40_000
/** 97.5 % of a normal distribution lie below so many standard deviations. */
const Z = 1.96

/** Estimates the space of all workloads of up to so many operations, under every schedule. */
export function estimateSpace(options: EstimateOptions): SpaceEstimate {
  const { policy, bounds, operations, seed, stop } = options
  const random = new Random(seedOfStream(seed, -2))
  const placements = new Placements(policy, bounds, operations)
  const listed = listOf(placements, options)
  const workloads = listed === undefined ? countOf(placements, random) : exactly(listed.length)
  const wanted = options.sample ?? SAMPLE
  const drawn = listed === undefined ? undefined : some(listed, wanted, random)
  const worlds = new Worlds(policy, bounds)
  const sizes: number[] = []
  let whole = true
  const clock = new Clock()
  for (let i = 0; i < (drawn?.length ?? wanted) && whole && stop?.() !== true; i++) {
    const workload = drawn?.[i] ?? placements.draw(random)
    const { states, complete } = sizeOf(worlds, workload, options)
    if (!complete && sizes.length >= SAMPLE && stop?.() === true) break
    whole = complete
    clock.add(states)
    sizes.push(drawn === undefined ? states / placements.waysOf(workload) : states)
  }
  const all = drawn === undefined ? placements.count : workloads.about
  const complete = whole && sizes.length === (drawn?.length ?? wanted)
  const mean =
    drawn !== undefined && complete && sizes.length === all ? exactly(meanOf(sizes)) : logNormalMean(sizes)
  const states = scaled(complete ? mean : { ...mean, high: Infinity }, all)
  return { workloads, states, seconds: scaled(states, clock.secondsPerState), sample: sizes.length }
}

/** How long states take. Code is compiled while the first ones are explored, so the latter half of them counts. */
class Clock {
  private readonly marks: { states: number; at: number }[] = [{ states: 0, at: performance.now() }]

  /** So many states more have been explored. */
  add(states: number): void {
    this.marks.push({ states: this.marks.at(-1)!.states + states, at: performance.now() })
  }

  get secondsPerState(): number {
    const last = this.marks.at(-1)!
    const from = this.marks.findLast(({ states }) => states <= last.states / 2)!
    return (last.at - from.at) / 1000 / Math.max(1, last.states - from.states)
  }
}

/** All workloads, where they are not too many. */
function listOf(
  placements: Placements,
  { policy, bounds, operations }: EstimateOptions,
): Workload[] | undefined {
  if (placements.count / placements.ways > LISTED) return undefined
  const list = new WorkloadList(policy, bounds, operations)
  list.listAhead(undefined)
  return list.count === undefined ? undefined : Array.from({ length: list.count }, (_, i) => list.at(i)!)
}

/** How many workloads there are: the mean of 1 / ways of some placements, times all of them. */
function countOf(placements: Placements, random: Random): Interval {
  const count = Math.max(50, Math.min(COUNTED, Math.floor(COUNTED_WAYS / placements.ways)))
  const parts = Array.from({ length: count }, () => 1 / placements.waysOf(placements.draw(random)))
  const mean = meanOf(parts)
  const error = Z * Math.sqrt(varianceOf(parts, mean) / count)
  return scaled({ low: mean - error, about: mean, high: mean + error }, placements.count)
}

/** The states of a workload, or as many of them as may be looked at. */
function sizeOf(
  worlds: Worlds,
  workload: Workload,
  { maxStates = MAX_STATES, stop, memory }: EstimateOptions,
): { states: number; complete: boolean } {
  try {
    // Random runs come behind it.
    const options = { countOnly: true, learnsAfter: Infinity, maxStates, memory, ...(stop && { stop }) }
    return explore(worlds.at(workload), options)
  } catch (thrown) {
    if (!(thrown instanceof ShootdownError) || thrown.code !== 'tooManyStates') throw thrown
    return { states: maxStates, complete: false }
  }
}

/** `count` of the things, drawn evenly without putting any back. */
function some<T>(things: readonly T[], count: number, random: Random): T[] {
  const left = [...things]
  return Array.from({ length: Math.min(count, left.length) }, () => {
    const at = random.below(left.length)
    const last = left.pop()!
    if (at === left.length) return last
    const drawn = left[at]
    left[at] = last
    return drawn
  })
}

/** The mean of a sample, and the interval of the mean of what it was drawn from, if that is log-normal. */
export function logNormalMean(sample: readonly number[]): Interval {
  const n = sample.length
  const about = meanOf(sample)
  if (n < 2) return { low: 0, about, high: Infinity }
  const logs = sample.map((value) => Math.log(value))
  const mean = meanOf(logs)
  const variance = varianceOf(logs, mean)
  const middle = mean + variance / 2
  const error = studentT(n - 1) * Math.sqrt(variance / n + variance ** 2 / (2 * (n - 1)))
  return {
    low: Math.min(about, Math.exp(middle - error)),
    about,
    high: Math.max(about, Math.exp(middle + error)),
  }
}

/** The 97.5 % quantile of Student's t, by the expansion of Cornish and Fisher (1960); good to a percent from 3 degrees on. */
function studentT(degrees: number): number {
  const first = (Z ** 3 + Z) / 4
  const second = (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / 96
  const third = (3 * Z ** 7 + 19 * Z ** 5 + 17 * Z ** 3 - 15 * Z) / 384
  return Z + first / degrees + second / degrees ** 2 + third / degrees ** 3
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)

const varianceOf = (values: readonly number[], mean: number): number =>
  values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1)

const exactly = (value: number): Interval => ({ low: value, about: value, high: value })

const scaled = ({ low, about, high }: Interval, factor: number): Interval => ({
  low: low * factor,
  about: about * factor,
  high: high * factor,
})
