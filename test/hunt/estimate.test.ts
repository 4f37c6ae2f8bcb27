/** The size of a space is estimated without bias, and its intervals hold what they promise where the truth is known. */
import { describe, expect, it } from 'vitest'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { estimateSpace, logNormalMean } from '../../src/hunt/estimate.ts'
import { tellSpace } from '../../src/hunt/tell.ts'
import { nativeIpi } from '../../src/policies/index.ts'
import { boundsFor, type Bounds } from '../../src/scenario/bounds.ts'
import { verify } from '../../src/verify/verify.ts'
import { thorough } from '../thorough.ts'

const SEEDS = thorough ? 100 : 20

describe.each<[string, AnyPolicy, Partial<Bounds>, number]>([
  ['two operations', nativeIpi, { speculation: 0 }, 2],
  ['three vCPUs', nativeIpi, { speculation: 0, vcpus: 3, pcpus: 3, groups: [[0]] }, 2],
])('%s', (_what, policy, given, operations) => {
  const bounds = boundsFor(policy, given)
  const { states, workloads } = verify({ policy, bounds, operations, reduces: false })
  const estimate = (seed: number, sample: number) =>
    estimateSpace({ policy, bounds, operations, seed, sample, maxStates: 1_000_000 })

  it('the number of workloads is exact where they can be listed', () => {
    expect(estimate(1, 1).workloads).toEqual({ low: workloads, about: workloads, high: workloads })
  })

  it('nearly all intervals hold the number of states, and their middle has no bias', () => {
    let held = 0
    let sum = 0
    for (let seed = 0; seed < SEEDS; seed++) {
      const { low, about, high } = estimate(seed, 16).states
      if (low <= states && states <= high) held++
      sum += about
    }
    expect(held).toBeGreaterThanOrEqual(0.85 * SEEDS)
    expect(sum / SEEDS / states).toBeGreaterThan(0.8)
    expect(sum / SEEDS / states).toBeLessThan(1.25)
  })

  it('is no estimate any more where everything was looked at', () => {
    const { low, about, high } = estimate(1, workloads).states
    expect([low, about, high]).toEqual([states, states, states])
  })
})

it('the number of workloads is estimated where they are too many to be listed', () => {
  // 12,113 workloads: see test/scenario.
  const { workloads } = estimateSpace({
    policy: nativeIpi,
    bounds: boundsFor(nativeIpi, { speculation: 0 }),
    operations: 3,
    seed: 1,
    sample: 1,
  })
  expect(workloads.low).toBeLessThan(12_113)
  expect(workloads.high).toBeGreaterThan(12_113)
  expect(workloads.high - workloads.low).toBeLessThan(2000)
})

it('a workload that outgrows the budget makes it a lower bound', () => {
  const bounds = boundsFor(nativeIpi)
  const estimated = estimateSpace({ policy: nativeIpi, bounds, operations: 4, seed: 1, maxStates: 200 })
  expect(estimated.states.high).toBe(Infinity)
  expect(estimated.seconds.high).toBe(Infinity)
  expect(tellSpace(estimated)).toMatch(
    /^about 320 thousand workloads, .* or more states; enumerating them would take .* or more$/,
  )
})

it('is the same again from the same seed, but for the time that it takes', () => {
  const options = {
    policy: nativeIpi,
    bounds: boundsFor(nativeIpi, { speculation: 0 }),
    operations: 4,
    seed: 5,
  }
  const [one, two] = [estimateSpace(options), estimateSpace(options)]
  expect({ ...two, seconds: 0 }).toEqual({ ...one, seconds: 0 })
  expect(estimateSpace({ ...options, seed: 6 }).states).not.toEqual(one.states)
})

describe('the mean of a log-normal sample', () => {
  it('is the mean itself, with an interval around it', () => {
    const { low, about, high } = logNormalMean([1, 10, 100, 1000])
    expect(about).toBe(277.75)
    expect(low).toBeLessThan(about)
    expect(high).toBeGreaterThan(about)
  })

  it('is exact where all are alike, and open above where there is but one', () => {
    const { low, about, high } = logNormalMean([7, 7, 7, 7])
    for (const end of [low, about, high]) expect(end).toBeCloseTo(7, 12)
    expect(logNormalMean([7])).toEqual({ low: 0, about: 7, high: Infinity })
  })
})
