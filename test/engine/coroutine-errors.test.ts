import { describe, expect, it } from 'vitest'
import { Coroutines, MAX_STEPS } from '../../src/engine/coroutine.ts'
import { checkpoint, defineOp, perform, type Code } from '../../src/engine/step.ts'
import { ShootdownError } from '../../src/errors.ts'

const ASK = defineOp('ask', 0)
const FLIP = defineOp('flip', 2)
const DO = defineOp('do', 1)

/** The error that something throws, which must be one of ours. */
function errorOf(run: () => unknown): ShootdownError {
  try {
    run()
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ShootdownError)
    return thrown as ShootdownError
  }
  return expect.unreachable('nothing was thrown')
}

const rootOf =
  (start: () => Code<number | void>, co = new Coroutines()): (() => number) =>
  () =>
    co.root('lazy flush', start)

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

describe('a checkpoint that leaves out a local', () => {
  it('is named with its name, its locals and both futures', () => {
    const co = new Coroutines()
    const root = rootOf(function* () {
      const bit = yield* perform(ASK)
      yield* checkpoint('after', 1, 2)
      yield* perform(ASK, bit)
    }, co)()
    co.next(root, 10)
    const { code, message } = errorOf(() => co.next(root, 11))
    expect(code).toBe('checkpointLies')
    expect(message).toContain('lazy flush reached checkpoint after(1,2) twice with different futures')
    expect(message).toContain('"ask(10, 0, 0)" once, "ask(11, 0, 0)" now')
  })

  it('is named where it is reached ahead of time', () => {
    expect(
      errorOf(
        rootOf(function* () {
          const bit = yield* perform(FLIP)
          yield* checkpoint('after')
          yield* perform(ASK, bit)
        }),
      ).code,
    ).toBe('checkpointLies')
  })

  it('is named when one future is the end', () => {
    const co = new Coroutines()
    const root = rootOf(function* () {
      const more = yield* perform(ASK)
      yield* checkpoint('after')
      if (more !== 0) yield* perform(ASK)
    }, co)()
    co.next(root, 1)
    expect(errorOf(() => co.next(root, 0)).code).toBe('checkpointLies')
  })

  it('is not suspected for what it declares', () => {
    const co = new Coroutines()
    const root = rootOf(function* () {
      const bit = yield* perform(ASK)
      yield* checkpoint('after', bit)
      yield* perform(ASK, bit)
    }, co)()
    expect(co.next(root, 10)).not.toBe(co.next(root, 11))
  })
  // Spot-checked means: by the next step alone. The histories that come later get the future of the first.
  it('goes unseen when the futures differ only after their first step, which is a known limit', () => {
    const co = new Coroutines()
    const root = rootOf(function* () {
      const bit = yield* perform(ASK)
      yield* checkpoint('after')
      yield* perform(ASK)
      yield* perform(ASK, bit)
    }, co)()
    const [first, second] = [co.next(root, 10), co.next(root, 11)]
    expect(second).toBe(first)
  })
})
