/** KVM's paravirtual TLB flush and what breaks it: each mistake is found, and is the only thing that is wrong. */
import { describe, expect, it } from 'vitest'
import { explore } from '../../src/explore/exhaustive.ts'
import type { Workload } from '../../src/scenario/workload.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { verify } from '../../src/verify/verify.ts'
import { quiet } from '../explore/quiet.ts'
import { pvFlush, type Mistake } from './pv-flush.ts'

const bounds = quiet({ groups: [[0]], preemptions: 2, emulation: true })
const against = (...operations: readonly string[]): Workload => [
  [{ op: 'munmap', page: 0 }],
  operations.map((op) => (op === 'read' ? { op, page: 0 } : { op })),
]
const violated = (mistake: Mistake | undefined, workload: Workload): string | undefined => {
  const { violation, complete } = explore(new Worlds(pvFlush(mistake), bounds).at(workload))
  expect(violation !== undefined || complete).toBe(true)
  return violation?.invariant
}

describe('the protocol of KVM', () => {
  it('is safe for every workload within the bounds, host code that is preempted included', () => {
    const { verdict, witnesses } = verify({ policy: pvFlush(), bounds, operations: 1 })
    expect(verdict).toBe('safe')
    expect(witnesses).toContain('stale-at-flush')
  })
})

describe('one mistake', () => {
  const accesses = against('read', 'read')
  it.each<[string, Mistake, Workload]>([
    ['a flag that is stored, not exchanged, is lost', 'guest-stores', accesses],
    ['a byte that the host clears in two steps loses a flag', 'host-stores', accesses],
    ['a flag that nobody looks at is no flush', 'host-forgets', accesses],
    ['a second mark as preempted wipes out the flag', 'overwrites', against('exit')],
    ['a vCPU in the middle of an emulated store holds a translation', 'mid-emulation', against('emulate')],
  ])('%s', (_what, mistake, workload) => {
    expect(violated(mistake, workload)).toBe('stale-translation')
    expect(violated(undefined, workload)).toBe(undefined)
  })

  it('of marking too early is harmless where the host holds no translation', () => {
    for (const workload of [accesses, against('exit')])
      expect(violated('mid-emulation', workload)).toBe(undefined)
  })
})
