/** A verification leaves out what nobody can notice, says so, and can be told not to. */
import { describe, expect, it } from 'vitest'
import { hypervList, nativeIpi } from '../../src/policies/index.ts'
import { tellVerification, verify, type Verification } from '../../src/verify/verify.ts'
import { quiet } from '../explore/quiet.ts'

const bounds = quiet({ groups: [[0]] })

describe('a verification with preemptions', () => {
  const both = (policy = nativeIpi): Verification[] =>
    [true, false].map((reduces) => verify({ policy, bounds, operations: 2, reduces }))

  it('has fewer states, the same witnesses and the same verdict as one that leaves nothing out', () => {
    const [less, whole] = both()
    expect(less).toMatchObject({
      verdict: whole.verdict,
      workloads: whole.workloads,
      witnesses: whole.witnesses,
    })
    expect(less.states).toBeLessThan(whole.states / 2)
    expect([less.reduced, whole.reduced]).toEqual([less.workloads, 0])
  })

  it('names the reduction where there was one', () => {
    const [less, whole] = both().map((verification) => tellVerification(nativeIpi, verification))
    expect(less).toMatch(/, reduced by scheduling symmetry$/)
    expect(whole).not.toContain('reduced')
  })

  it('shows the same smallest race', () => {
    const [less, whole] = both(hypervList)
    expect(less.race!.schedule).toEqual(whole.race!.schedule)
    expect(less.race!.workload).toEqual(whole.race!.workload)
  })
})
