import { describe, expect, it } from 'vitest'
import { Coroutines } from '../../src/engine/coroutine.ts'
import { defineOp, perform } from '../../src/engine/step.ts'
import { errorOf, rootOf } from './errors.ts'

const ASK = defineOp('ask', 0)
const FLIP = defineOp('flip', 2)
const DO = defineOp('do', 1)

describe('a generator that is not deterministic', () => {
  it('is named at once, with its step, what it was and what it became, and the likely causes', () => {
    let outside = 0
    const { code, message } = errorOf(
      rootOf(function* () {
        yield* perform(DO, 7)
        yield* perform(DO, outside++)
      }),
    )
    expect(code).toBe('nondeterministic')
    expect(message).toContain(
      'lazy flush is not deterministic: step 2 was "do(0, 0, 0)" the first time and "do(1, 0, 0)"',
    )
    for (const cause of ['Math.random', 'Date', 'outside the generator', 'unordered collection'])
      expect(message).toContain(cause)
  })

  it('is named when it draws random numbers', () => {
    expect(
      errorOf(
        rootOf(function* () {
          yield* perform(DO, Math.floor(Math.random() * 1e9))
        }),
      ).code,
    ).toBe('nondeterministic')
  })

  it('is named behind an unknown result as soon as the history is run again', () => {
    let outside = 0
    const co = new Coroutines()
    const root = rootOf(function* () {
      yield* perform(ASK)
      yield* perform(ASK, outside++)
      yield* perform(DO)
    }, co)()
    const second = co.next(root, 3)
    expect(errorOf(() => co.next(second, 4))).toMatchObject({ code: 'nondeterministic' })
  })

  it('is named when the other side of a known branch runs', () => {
    let runs = 0
    expect(
      errorOf(
        rootOf(function* () {
          const hidden = runs++
          const bit = yield* perform(FLIP)
          yield* perform(FLIP, bit === 0 ? 0 : hidden)
          yield* perform(DO)
        }),
      ).code,
    ).toBe('nondeterministic')
  })

  it('is named when it ends one time and goes on another', () => {
    let runs = 0
    const { message } = errorOf(
      rootOf(function* () {
        yield* perform(DO)
        if (runs++ > 0) yield* perform(DO, 1)
      }),
    )
    expect(message).toContain('step 2 was "return(0, 0, 0)" the first time and "do(1, 0, 0)"')
  })

  it('is not suspected for remembering results', () => {
    const co = new Coroutines()
    const seen: number[] = []
    const root = rootOf(function* () {
      const locals = [yield* perform(FLIP), yield* perform(ASK), yield* perform(FLIP)]
      seen.push(locals.length)
      return locals.reduce((sum, each) => sum * 10 + each, 0)
    }, co)()
    expect(co.returned(co.next(co.next(co.next(root, 1), 6), 0))).toBe(160)
  })
})
