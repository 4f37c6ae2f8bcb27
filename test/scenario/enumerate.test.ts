/** Enumerations name every workload within their bounds once, and nothing else. */
import { describe, expect, it } from 'vitest'
import { nativeIpi, staticKey } from '../../src/policies/index.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { DEFAULT_GROUPS, busyCpus, operationCount, type Workload } from '../../src/scenario/workload.ts'
import {
  boundedWorkloads,
  eachBoundedWorkload,
  enumerateWorkloads,
} from '../../src/scenario/enumerate-workloads.ts'
import { canonicalWorkload, compareWorkloads } from '../../src/scenario/canonical-workload.ts'
import { everyWorkload, orbitOf } from './orbits.ts'

type Groups = readonly (readonly number[])[]

const twoKeys = definePolicy({
  name: 'two-keys',
  summary: 'has two operations of its own, and does not say that it treats CPUs alike',
  *flush() {},
  operations: { turn: { summary: 'one', *run() {} }, turn_back: { summary: 'two', *run() {} } },
})

const orbits = (policy: AnyPolicy, workloads: readonly Workload[], groups: Groups): string[] =>
  workloads.map((workload) => orbitOf(workload, groups, policy.symmetric === true)).toSorted()
const distinct = (texts: readonly string[]): string[] => [...new Set(texts)].toSorted()

const small: readonly (readonly [string, AnyPolicy, number, number, Groups])[] = [
  ['native-ipi', nativeIpi, 1, 1, DEFAULT_GROUPS],
  ['native-ipi', nativeIpi, 1, 2, DEFAULT_GROUPS],
  ['native-ipi', nativeIpi, 2, 2, DEFAULT_GROUPS],
  ['native-ipi', nativeIpi, 3, 2, [[2, 3]]],
  ['native-ipi', nativeIpi, 2, 3, [[0]]],
  ['static-key', staticKey, 2, 1, DEFAULT_GROUPS],
  ['static-key', staticKey, 2, 2, [[0]]],
  ['two-keys', twoKeys, 2, 2, [[0]]],
]

describe('the enumeration of workloads', () => {
  it.each(small)(
    'for %s, vCPUs and operations as given, has every workload once',
    (_, policy, vcpus, operations, groups) => {
      const own = Object.keys(policy.operations ?? {}).length
      const all = Array.from({ length: Math.min(own, operations) + 1 }, (__, extra) =>
        everyWorkload(policy, vcpus, operations - extra, extra, groups),
      ).flat()
      const listed = enumerateWorkloads(policy, vcpus, operations, groups)
      expect(orbits(policy, listed, groups)).toEqual(distinct(orbits(policy, all, groups)))
    },
  )

  it.each(small)(
    'for %s lists canonical workloads, smallest first',
    (_, policy, vcpus, operations, groups) => {
      const listed = enumerateWorkloads(policy, vcpus, operations, groups)
      for (const workload of listed) {
        expect(canonicalWorkload(workload, policy, groups)).toEqual(workload)
        expect(workload).toHaveLength(vcpus)
        expect(operationCount(workload)).toBe(operations)
      }
      expect(listed.toSorted(compareWorkloads(policy, groups))).toEqual(listed)
      const busy = listed.map(busyCpus)
      expect(busy).toEqual(busy.toSorted((a, b) => a - b))
    },
  )

  it('of no operations is the idle workload', () => {
    expect(enumerateWorkloads(nativeIpi, 2, 0)).toEqual([[[], []]])
  })

  it('has 16 operations to draw from by default, and one more for a key', () => {
    expect(enumerateWorkloads(nativeIpi, 1, 1)).toHaveLength(16)
    expect(enumerateWorkloads(staticKey, 1, 1)).toHaveLength(17)
  })
})

describe('the workloads within bounds', () => {
  it.each([
    ['native-ipi', nativeIpi, 2, 2, DEFAULT_GROUPS],
    ['static-key', staticKey, 2, 2, [[0]]],
    ['two-keys', twoKeys, 2, 1, [[0]]],
  ] as const)(
    'of %s are all of up to so many guest operations, the own ones in addition, each at most once',
    (_, policy, vcpus, operations, groups) => {
      const own = Object.keys((policy as AnyPolicy).operations ?? {}).length
      const all = Array.from({ length: operations }, (__, i) => i + 1).flatMap((guest) =>
        Array.from({ length: own + 1 }, (__, extra) =>
          everyWorkload(policy, vcpus, guest, extra, groups),
        ).flat(),
      )
      const listed = boundedWorkloads(policy, vcpus, operations, groups)
      expect(orbits(policy, listed, groups)).toEqual(distinct(orbits(policy, all, groups)))
      expect(listed.toSorted(compareWorkloads(policy, groups))).toEqual(listed)
    },
  )

  it.each([
    ['alike', true],
    ['of their own kind', false],
  ])('come one by one, in the same order, with CPUs that are %s', (_, alike) => {
    const listed = boundedWorkloads(twoKeys, 2, 2, [[2, 3]], alike)
    expect(listed.toSorted(compareWorkloads(twoKeys, [[2, 3]]))).toEqual(listed)
    expect([...eachBoundedWorkload(twoKeys, 2, 2, [[2, 3]], alike)]).toEqual(listed)
    expect(new Set(listed.map((workload) => JSON.stringify(workload))).size).toBe(listed.length)
  })

  it('begin at once, however many there are', () => {
    const begun = performance.now()
    const first: Workload[] = []
    for (const workload of eachBoundedWorkload(staticKey, 6, 6)) {
      first.push(workload)
      if (first.length === 3000) break
    }
    expect(performance.now() - begun).toBeLessThan(2000)
    expect(first[0]).toEqual([[{ op: 'munmap', page: 0 }], [], [], [], [], []])
    expect(first.toSorted(compareWorkloads(staticKey))).toEqual(first)
  })

  it('of a policy without operations of its own are those of the enumerations', () => {
    const enumerated = [1, 2].flatMap((operations) => enumerateWorkloads(nativeIpi, 2, operations))
    expect(boundedWorkloads(nativeIpi, 2, 2)).toEqual(enumerated)
  })
})
