/** Where code of a policy tells the pages of a table apart, each of them is searched. */
import { describe, expect, it } from 'vitest'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { boundedWorkloads } from '../../src/scenario/enumerate-workloads.ts'
import { canonicalWorkload } from '../../src/scenario/canonical-workload.ts'
import type { Workload } from '../../src/scenario/workload.ts'

const plain = definePolicy({ name: 'plain', summary: 'Has no code of its own.', *flush() {} })
const swap = { summary: 'swap the pages of a table', subject: 'region', *run() {} } as const
const turn = { summary: 'turn a key', *run() {} } as const

const groups = [[2, 3]]
const onThree: Workload = [[], [{ op: 'read', page: 3 }]]
const canonical = (policy: AnyPolicy): Workload => canonicalWorkload(onThree, policy, groups)

describe('a read of the second page of a table', () => {
  it.each<[string, AnyPolicy]>([
    ['has no code of its own', plain],
    ['has operations that are about no page', { ...plain, operations: { turn } }],
    ['says that they are alike', { ...plain, symmetric: true, operations: { swap }, *boot() {} }],
  ])('stands for a read of the first where a policy %s', (_, policy) => {
    expect(canonical(policy).flat()).toEqual([{ op: 'read', page: 2 }])
  })

  it.each<[string, AnyPolicy]>([
    ['has an operation about pages', { ...plain, operations: { swap } }],
    ['has boot code', { ...plain, *boot() {} }],
    ['says that CPUs alone are alike', { ...plain, symmetric: 'cpus' }],
  ])('stays what it is where a policy %s', (_, policy) => {
    expect(canonical(policy).flat()).toEqual([{ op: 'read', page: 3 }])
  })
})

it('CPUs are alike where a policy says that of them alone', () => {
  expect(canonical({ ...plain, symmetric: 'cpus' })).toEqual([[{ op: 'read', page: 3 }], []])
  expect(canonical({ ...plain, operations: { swap } })).toEqual(onThree)
})

it('an enumeration has both pages, and every workload with as many operations as it says', () => {
  const policy: AnyPolicy = { ...plain, symmetric: 'cpus', operations: { swap }, workload: ['read', 'swap'] }
  expect(boundedWorkloads(policy, 2, 1, groups)).toEqual([
    [[{ op: 'read', page: 2 }], []],
    [[{ op: 'read', page: 3 }], []],
    [[{ op: 'swap', page: 2 }], []],
  ])
})
