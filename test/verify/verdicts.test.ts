/** Every shipped policy deserves the verdict that it claims, and a clean one is not clean for want of danger. */
import { describe, expect, it } from 'vitest'
import { policies } from '../../src/policies/index.ts'
import { verify } from '../../src/verify/verify.ts'
import { quiet } from '../explore/quiet.ts'
import { replay } from '../shrink/races.ts'

const DANGERS = ['walker-inside', 'stale-at-flush', 'table-freed'] as const
const cases = [2, 3].flatMap((vcpus) =>
  policies.map((policy) => {
    // The key's own operation comes in addition: with two guest operations on three vCPUs that takes half a minute.
    const operations = vcpus === 3 && policy.operations !== undefined ? 1 : 2
    return { name: policy.name, vcpus, operations, policy }
  }),
)

describe.each(cases)('$name, $vcpus vCPUs, $operations operations', ({ policy, vcpus, operations }) => {
  const seldom = policy.operations !== undefined && operations === 1

  it(seldom ? 'is clean where one guest operation is too little to race' : `is ${policy.expected}`, () => {
    const { verdict, race, witnesses, workloads, states, transitions } = verify({
      policy,
      bounds: quiet({
        vcpus,
        ...(vcpus === 3 ? { groups: policy.name.startsWith('serialization') ? [[2, 3]] : [[0]] } : {}),
      }),
      operations,
    })
    expect(workloads).toBeGreaterThan(20)
    expect(states).toBeGreaterThan(workloads)
    expect(transitions).toBeGreaterThan(states / 2)
    if (policy.expected === 'safe' || seldom) {
      expect(verdict).toBe('safe')
      expect(race).toBeUndefined()
      if (!seldom) expect(witnesses).toEqual(expect.arrayContaining([...DANGERS]))
    } else {
      expect(verdict).toBe('race')
      expect(replay(race!)).toEqual(race!.violation)
    }
  })
})

describe('the claims of the shipped policies', () => {
  it('are there for each, and a broken one names what breaks and what cures it', () => {
    for (const { name, expected, breaks, fixedBy } of policies) {
      expect(expected, name).toBeDefined()
      if (expected === 'safe') continue
      expect(breaks, name).toBeDefined()
      expect(policies.find((each) => each.name === fixedBy)?.expected, name).toBe('safe')
    }
  })

  it('have different names and summaries', () => {
    expect(new Set(policies.map(({ name }) => name)).size).toBe(policies.length)
    expect(new Set(policies.map(({ summary }) => summary)).size).toBe(policies.length)
  })
})
