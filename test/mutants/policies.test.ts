/** Policies and guest operations with one mistake each: verification, or a workload made for it, tells. */
import { describe, expect, it } from 'vitest'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { hypervRcu, nativeIpi, xenRcu } from '../../src/policies/index.ts'
import { verify } from '../../src/verify/verify.ts'
import { quiet } from '../explore/quiet.ts'
import { firstViolation } from './broken-world.ts'
import { mistakes, own, unmapping } from './mistakes.ts'
import { searchOf } from './mutant.ts'

const on = (op: string): { op: string; page: number } => ({ op, page: 0 })
describe('a policy or operation in which', () => {
  it.each(mistakes)('$name violates $breaks', (mistake) => {
    expect(firstViolation(searchOf(mistake))?.invariant).toBe(mistake.breaks)
  })

  it('everything is done in order violates nothing, in the same searches', () => {
    const sound = unmapping(function* ({ clear, unhook, flush, free, put }) {
      yield* clear()
      yield* unhook()
      yield* flush()
      yield* free()
      yield* put()
    })
    const workloads = [
      [[own], [on('read')]],
      [[own], [on('gup_fast')]],
      [[own], [on('write')]],
    ]
    expect(firstViolation({ policy: sound, bounds: quiet({ groups: [[0]] }), workloads })).toBeUndefined()
    for (const mistake of mistakes.filter(({ by }) => by.operations === undefined)) {
      const whole = [nativeIpi, hypervRcu, xenRcu].find(({ name }) => name === mistake.by.name)!
      expect(firstViolation(searchOf({ ...mistake, by: whole }))).toBeUndefined()
    }
  })

  it('no table is ever given back is clean, but not a witness that one was', () => {
    const leaks: AnyPolicy = { ...hypervRcu, *freeTable() {} }
    const { verdict, witnesses } = verify({
      policy: leaks,
      bounds: quiet({ groups: [[0]], preemptions: 0 }),
      operations: 2,
    })
    expect(verdict).toBe('safe')
    expect(witnesses).toContain('walker-inside')
    expect(witnesses).not.toContain('table-freed')
  })
})
