import { describe, expect, it } from 'vitest'
import { Coroutines, MAX_STEPS } from '../../src/engine/coroutine.ts'
import { checkpoint, defineOp, perform, type Code } from '../../src/engine/step.ts'
import { ShootdownError } from '../../src/errors.ts'
import { errorOf, rootOf } from './errors.ts'

const ASK = defineOp('ask', 0)
const DO = defineOp('do', 1)

describe('a generator that never ends', () => {
  it('is named with the limit, its last step and the way out', () => {
    const { code, message } = errorOf(
      rootOf(function* () {
        for (;;) yield* perform(DO, 4)
      }),
    )
    expect(code).toBe('neverEnds')
    expect(message).toContain(
      `lazy flush has not ended after ${MAX_STEPS} steps; it last asked for "do(4, 0, 0)"`,
    )
    expect(message).toContain('yield* cpu.checkpoint(...)')
  })

  it('may be exactly as long as the limit', () => {
    const steps = (count: number): (() => number) =>
      rootOf(function* () {
        for (let i = 0; i < count; i++) yield* perform(DO, i)
      })
    expect(steps(MAX_STEPS)).not.toThrow()
    expect(errorOf(steps(MAX_STEPS + 1)).code).toBe('neverEnds')
  })

  it('is named when it only passes checkpoints', () => {
    const { code, message } = errorOf(
      rootOf(function* () {
        for (let i = 0; ; i++) yield* checkpoint('round', i)
      }),
    )
    expect(message).toContain('lazy flush')
    expect(['endlessWithoutSteps', 'neverEnds']).toContain(code)
  })
})

describe('a generator that throws', () => {
  it('is named with the step, and the cause is quoted', () => {
    const { code, message } = errorOf(
      rootOf(function* () {
        yield* perform(DO)
        throw new RangeError('no such CPU')
      }),
    )
    expect(code).toBe('threw')
    expect(message).toBe('lazy flush threw at step 2: no such CPU')
  })

  it('is named when what it throws is no error', () => {
    const thrown: unknown = 'a string'
    expect(
      errorOf(
        rootOf(function* () {
          throw thrown
        }),
      ).message,
    ).toBe('lazy flush threw at step 1: a string')
  })

  it('lets a sentence of this package through unchanged', () => {
    const own = new ShootdownError('mine', 'as it is')
    expect(
      errorOf(
        rootOf(function* () {
          throw own
        }),
      ),
    ).toBe(own)
  })

  it('is named in a branch that only some results reach', () => {
    const co = new Coroutines()
    const root = rootOf(function* () {
      if ((yield* perform(ASK)) === 3) throw new Error('three')
      yield* perform(DO)
    }, co)()
    expect(() => co.next(root, 2)).not.toThrow()
    expect(errorOf(() => co.next(root, 3)).message).toContain('three')
    // The mistake does not spoil what is already known.
    expect(co.next(root, 2)).toBe(co.next(root, 2))
  })
})

describe('something that is yielded and is no step', () => {
  const yielding = (value: unknown): ShootdownError =>
    errorOf(
      rootOf(function* () {
        yield value as never
      }),
    )

  it.each([
    [undefined, 'nothing'],
    [null, 'null'],
    [5, '5'],
    ['cli', "'cli'"],
    [{ op: 1 }, '{ op: 1 }'],
  ])('is quoted: %j', (value, quoted) => {
    const { code, message } = yielding(value)
    expect(code).toBe('notAStep')
    expect(message).toContain(`lazy flush yielded ${quoted}, which is not a step`)
    expect(message).toContain('yield* cpu.load(...)')
  })

  it('is told apart when it is a step without the star', () => {
    const load = function* (): Code<number> {
      return yield* perform(defineOp('load', 0))
    }
    const { code, message } = yielding(load())
    expect(code).toBe('stepNotRun')
    expect(message).toContain('instead of running it (its first step is "load")')
  })
})

describe('something that is no generator', () => {
  it.each([[undefined], [null], [3], [{}], [Promise.resolve()]])('is named: %o', (value) => {
    const { code, message } = errorOf(() => new Coroutines().root('my-policy flush', () => value as never))
    expect(code).toBe('notAGenerator')
    expect(message).toContain('my-policy flush did not return a generator')
    expect(message).toContain('*flush(cpu, ...)')
  })
})
