/** Placements are drawn evenly, and weighed they are the workloads that enumeration comes to. */
import { describe, expect, it } from 'vitest'
import { Random } from '../../src/engine/random.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { hypervList, nativeIpi, staticKey } from '../../src/policies/index.ts'
import { boundsFor, cpusAlike, type Bounds } from '../../src/scenario/bounds.ts'
import { Placements } from '../../src/scenario/placements.ts'
import { boundedWorkloads } from '../../src/scenario/enumerate-workloads.ts'
import { canonicalWorkload } from '../../src/scenario/canonical-workload.ts'
import { type Workload } from '../../src/scenario/workload.ts'

const { symmetric: _claim, ...unsaid } = hypervList
const cases: [string, AnyPolicy, Partial<Bounds>, number][] = [
  ['one operation', nativeIpi, {}, 1],
  ['two operations', nativeIpi, {}, 2],
  ['three operations on one page', nativeIpi, { groups: [[0]] }, 3],
  ['three vCPUs', nativeIpi, { vcpus: 3, pcpus: 3 }, 2],
  ['vCPUs that share pCPUs', nativeIpi, { vcpus: 3, pcpus: 2, groups: [[0]] }, 2],
  ['a policy that does not claim to treat CPUs alike', unsaid, {}, 2],
  ['operations of the policy', staticKey, {}, 1],
  ['more operations of the policy', staticKey, { groups: [[0]] }, 2],
  ['a group of two pages alone', nativeIpi, { groups: [[2, 3]] }, 2],
]

describe.each(cases)('%s', (_what, policy, given, operations) => {
  const bounds = boundsFor(policy, given)
  const alike = cpusAlike(policy, bounds)
  const placements = new Placements(policy, bounds, operations)
  const all = boundedWorkloads(policy, bounds.vcpus, operations, bounds.groups, alike)
  const canonical = (workload: Workload): string =>
    JSON.stringify(canonicalWorkload(workload, policy, bounds.groups, alike))

  it('each workload can be written in so many ways, and that is all of the placements', () => {
    const ways = all.reduce((sum, workload) => sum + placements.waysOf(workload), 0)
    expect(ways).toBe(placements.count)
  })

  it('draws what enumeration enumerates, each as often as it can be written', () => {
    const random = new Random(7)
    const drawn = new Map<string, number>()
    const draws = 20_000
    for (let i = 0; i < draws; i++) {
      const key = canonical(placements.draw(random))
      drawn.set(key, (drawn.get(key) ?? 0) + 1)
    }
    const known = new Map(all.map((workload) => [JSON.stringify(workload), placements.waysOf(workload)]))
    for (const key of drawn.keys()) expect(known.has(key), key).toBe(true)
    // Chi-square: its mean is the number of workloads, and its deviation the root of twice that.
    let chi = 0
    for (const [key, ways] of known) {
      const expected = (draws * ways) / placements.count
      chi += ((drawn.get(key) ?? 0) - expected) ** 2 / expected
    }
    expect(Math.abs(chi - known.size)).toBeLessThan(4 * Math.sqrt(2 * known.size))
  })

  it('writes no workload in more ways than it says', () => {
    const random = new Random(8)
    for (let i = 0; i < 200; i++)
      expect(placements.waysOf(placements.draw(random))).toBeLessThanOrEqual(placements.ways)
  })
})
