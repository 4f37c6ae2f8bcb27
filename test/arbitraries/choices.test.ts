import { describe, expect, it } from 'vitest'
import { nextOf, picked } from '../../src/arbitraries/choices.ts'
import { EXIT, INTERRUPT, PREEMPT, RCU_FREE, STEP, transition } from '../../src/scenario/transition.ts'

const step = transition(STEP, 1)
const failing = transition(STEP, 1, 1)
const ipi = transition(INTERRUPT, 1, 0)
const other = transition(INTERRUPT, 1, 3)
const exit = transition(EXIT, 1)
const free = transition(RCU_FREE, 2)
const foreign = [transition(STEP, 0), transition(INTERRUPT, 0), transition(PREEMPT, 1)]
const all = [...foreign, step, failing, ipi, other, exit, free]

describe('picked', () => {
  it('takes the one of that number, or counts round', () => {
    expect(picked([ipi, other], 3)).toBe(other)
    expect(picked([ipi, other], 2)).toBe(ipi)
    expect(picked([ipi, other], 5)).toBe(other)
    expect(picked([], 0)).toBeUndefined()
  })
})

describe('the next transition of a turn', () => {
  it.each([
    ['goes on with the code', { who: 1, steps: 9 }, 0, step],
    ['takes the other outcome', { who: 1, steps: 9, pick: 1 }, 0, failing],
    ['begins with an interrupt', { who: 1, steps: 9, first: 'interrupt' as const }, 0, ipi],
    [
      'begins with the interrupt that is picked',
      { who: 1, steps: 9, first: 'interrupt' as const, pick: 3 },
      0,
      other,
    ],
    ['goes on with the code after the interrupt', { who: 1, steps: 9, first: 'interrupt' as const }, 1, step],
    ['begins with an exit', { who: 1, steps: 9, first: 'exit' as const }, 0, exit],
    ['frees the table that is picked', { who: 'rcu' as const, steps: 1, pick: 2 }, 0, free],
    ['frees another if there is none such', { who: 'rcu' as const, steps: 1 }, 0, free],
  ])('%s', (_, turn, taken, expected) => {
    expect(nextOf(all, turn, taken)).toBe(expected)
  })

  it('is an interrupt or an exit where the code cannot go on', () => {
    expect(nextOf([...foreign, exit, ipi], { who: 1, steps: 1 }, 0)).toBe(ipi)
    expect(nextOf([...foreign, exit], { who: 1, steps: 1, first: 'interrupt' }, 0)).toBe(exit)
  })

  it('is none of anybody else', () => {
    expect(nextOf(foreign, { who: 1, steps: 1 }, 0)).toBeUndefined()
    expect(nextOf(foreign, { who: 'rcu', steps: 1 }, 0)).toBeUndefined()
  })
})
