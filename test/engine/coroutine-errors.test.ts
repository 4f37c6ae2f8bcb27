import { describe, expect, it } from 'vitest'
import { Coroutines, opOf } from '../../src/engine/coroutine.ts'
import { MAX_STEPS } from '../../src/engine/rerun.ts'
import { RETURN, checkpoint, defineOp, perform, type Code } from '../../src/engine/step.ts'
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
    expect(code).toBe('endlessWithoutSteps')
    expect(message).toContain(`lazy flush asked for more than ${MAX_STEPS} checkpoints without a step`)
  })

  it('may pass as many checkpoints in a row as the limit, and more with steps in between', () => {
    const rounds = (count: number, step: boolean) => (): void => {
      const co = new Coroutines()
      let node = rootOf(function* () {
        for (let i = 0; i < count; i++) {
          yield* checkpoint('round', i)
          if (step) yield* perform(DO, i)
        }
      }, co)()
      while (opOf(co.nodes, node) !== RETURN.code) node = co.next(node, 0)
    }
    expect(rounds(MAX_STEPS, false)).not.toThrow()
    expect(errorOf(rounds(MAX_STEPS + 1, false)).code).toBe('endlessWithoutSteps')
    expect(rounds(MAX_STEPS, true)).not.toThrow()
    expect(errorOf(rounds(MAX_STEPS + 1, true)).code).toBe('neverEnds')
  })
})

describe('a generator that remembers too many results', () => {
  it('is named with the limit and the way out, and what is known already stays', () => {
    const co = new Coroutines(100)
    const root = rootOf(function* () {
      yield* perform(DO, yield* perform(ASK))
    }, co)()
    const known = co.next(root, 0)
    const { code, message } = errorOf(() => {
      for (let i = 1; i <= 100; i++) co.next(root, i)
    })
    expect(code).toBe('tooManyControlStates')
    expect(message).toContain('lazy flush has led to more than 100 control states')
    expect(message).toContain('yield* cpu.checkpoint(...)')
    expect(co.size).toBe(100)
    expect(co.next(root, 0)).toBe(known)
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
