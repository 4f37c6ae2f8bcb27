/** No false alarm: every fair run of a shipped policy comes to its end, and so does that of every bug's repaired twin. */
import { describe, expect, it } from 'vitest'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { liveness, livenessBounds } from '../../src/liveness/liveness.ts'
import { hypervRcu, intelRarRcu, nativeIpi, nativeRcu, policies } from '../../src/policies/index.ts'
import type { Bounds } from '../../src/scenario/bounds.ts'
import { some, thorough } from '../thorough.ts'

const TIME = { timeout: 300_000 }
/** What hosts and machines may do beside: each alone, on a page with a table of its own. */
const conditions: readonly (readonly [string, Partial<Bounds>])[] = [
  ['preemptions', { preemptions: 1 }],
  ['more vCPUs than pCPUs', { pcpus: 1 }],
  ['store buffers', { storeBuffer: 1, x2apic: true }],
  ['migration', { preemptions: 1, migration: true }],
  ['nested handlers', { nesting: true }],
  ['flushes at every entry', { preemptions: 1, vpid: false }],
]

const verdictOf = (policy: AnyPolicy, bounds: Partial<Bounds>, operations = 2): string =>
  liveness({ policy, bounds: livenessBounds(policy, bounds), operations }).verdict

describe('a shipped policy', () => {
  it.each(some(policies, 4))('is live: $name', TIME, (policy) => {
    expect(verdictOf(policy, {})).toBe('live')
  })

  const each = [nativeIpi, nativeRcu, hypervRcu, intelRarRcu].flatMap((policy) =>
    conditions.map(([what, bounds]) => ({ policy, what, bounds })),
  )
  it.each(some(each, 6))('is live with $what: $policy.name', TIME, ({ policy, bounds }) => {
    expect(verdictOf(policy, { groups: [[0]], ...bounds })).toBe('live')
  })

  it.each(thorough ? policies : [nativeIpi])('is live on three vCPUs: $name', TIME, (policy) => {
    expect(verdictOf(policy, { vcpus: 3, pcpus: 3, groups: [[0]] }, thorough ? 2 : 1)).toBe('live')
  })

  it('is live where translations may vanish at any time, and walks are made at any time', TIME, () => {
    expect(verdictOf(nativeIpi, { groups: [[0]], eviction: true, speculation: 1 }, 1)).toBe('live')
  })
})
