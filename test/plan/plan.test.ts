/** Units are done in order, stopped units are done again, and nothing is lost or counted twice. */
import { describe, expect, it } from 'vitest'
import { follow, type Plan, type UnitResult } from '../../src/plan/plan.ts'

interface Numbers extends UnitResult {
  readonly numbers: readonly number[]
}

/** Unit n counts from 10 n to 10 n + 9; it may be stopped after each. */
const counting = (units: number): Plan<Numbers> => ({
  has: (unit) => unit < units,
  run(unit, stop) {
    const numbers: number[] = []
    for (let i = 0; i < 10; i++) {
      if (i > 0 && stop({ whole: false, numbers })) return { whole: false, numbers }
      numbers.push(unit * 10 + i)
    }
    return { whole: true, numbers }
  },
})

describe('a plan', () => {
  it('is done unit by unit, to its end', () => {
    const units: number[] = []
    expect(follow(counting(3), { stop: () => false, take: (_, unit) => (units.push(unit), false) })).toBe(
      'done',
    )
    expect(units).toEqual([0, 1, 2])
  })

  it('that has no units is done', () => {
    expect(follow(counting(0), { stop: () => true, take: () => true })).toBe('done')
  })

  it('ends when enough was found', () => {
    const units: number[] = []
    const take = (_: Numbers, unit: number): boolean => (units.push(unit), unit === 1)
    expect(follow(counting(9), { stop: () => false, take })).toBe('enough')
    expect(units).toEqual([0, 1])
  })

  it.each(Array.from({ length: 31 }, (_, i) => i))(
    'that is stopped after %i questions and gone on with comes to the same numbers',
    (patience) => {
      const whole: number[] = []
      let next = 0
      for (let sessions = 0; sessions < 40; sessions++) {
        let asked = 0
        const ending = follow(counting(3), {
          from: next,
          stop: () => asked++ === patience + sessions,
          take(result, unit) {
            if (!result.whole) return false
            whole.push(...result.numbers)
            next = unit + 1
            return false
          },
        })
        if (ending === 'done') break
        expect(ending).toBe('stopped')
      }
      expect(whole).toEqual(Array.from({ length: 30 }, (_, i) => i))
    },
  )
})
