/** Each feature of the machine, switched on alone, leaves every verdict as it is: no race hides it, no alarm is false. */
import { describe, expect, it } from 'vitest'
import { hypervList, hypervRcu, nativeIpi, xenPv, xenRcu } from '../../src/policies/index.ts'
import type { Bounds } from '../../src/scenario/bounds.ts'
import { verify } from '../../src/verify/verify.ts'
import { quiet } from '../explore/quiet.ts'
import { some } from '../thorough.ts'

/** Workloads about one page alone. */
const FEW: Partial<Bounds> = { groups: [[0]] }

const features: readonly (readonly [string, Partial<Bounds>])[] = [
  ['one speculative walk', { ...FEW, speculation: 1 }],
  ['eviction', { ...FEW, eviction: true }],
  ['three levels', { ...FEW, levels: 3 }],
  ['five levels', { ...FEW, levels: 5 }],
  ['migration and two preemptions', { ...FEW, migration: true, preemptions: 2 }],
  ['one pCPU', { ...FEW, pcpus: 1 }],
  ['no VPID', { ...FEW, vpid: false }],
  ['no paging-structure caches', { ...FEW, structureCaches: false }],
  ['no preemption', { ...FEW, preemptions: 0 }],
  ['gup_fast with the PTE re-check alone, without a region', { ...FEW, gupRecheck: 'pte' }],
]

describe.each(features)('with %s', (_, given) => {
  it.each(some([nativeIpi, hypervList, hypervRcu, xenPv, xenRcu], 2))(
    '$name is what it claims to be',
    (policy) => {
      const { verdict, race } = verify({ policy, bounds: quiet(given), operations: 2 })
      expect(race?.violation.explanation).toEqual(policy.expected === 'safe' ? undefined : expect.any(String))
      expect(verdict).toBe(policy.expected === 'safe' ? 'safe' : 'race')
      if (race !== undefined) expect(race.violation.invariant).toBe('software-walk')
    },
  )
})
