/** Every shipped policy deserves the verdict that it claims, and a clean one is not clean for want of danger. */
import { describe, expect, it } from 'vitest'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { policies } from '../../src/policies/index.ts'
import type { Bounds } from '../../src/scenario/bounds.ts'
import { verify } from '../../src/verify/verify.ts'
import { quiet } from '../explore/quiet.ts'
import { replay } from '../shrink/races.ts'
import { some } from '../thorough.ts'

const DANGERS = ['walker-inside', 'stale-at-flush', 'table-freed']

/**
 * Bounds that every mistake of a policy shows in: few workloads where vCPUs or the policy's own operations make them
 * many. With two vCPUs and speculation, the properties verify all policies.
 */
function boundsFor(policy: AnyPolicy): Bounds {
  const vcpus = 3
  const hasOwn = policy.operations !== undefined
  const groups = policy.name.startsWith('serialization') ? [[2, 3]] : [[0]]
  return quiet({ vcpus, groups, ...(hasOwn ? { preemptions: 0 } : {}) })
}

describe('with two operations on three vCPUs', () => {
  it.each(some(policies, 4))('$name is $expected', (policy) => {
    const bounds = boundsFor(policy)
    const { verdict, race, witnesses, workloads, states, transitions } = verify({
      policy,
      bounds,
      operations: 2,
    })
    expect(workloads).toBeGreaterThan(20)
    expect(states).toBeGreaterThan(workloads)
    expect(transitions).toBeGreaterThan(states / 2)
    if (policy.expected === 'safe') {
      expect(verdict).toBe('safe')
      expect(race).toBeUndefined()
      expect(witnesses).toEqual(expect.arrayContaining(DANGERS))
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
