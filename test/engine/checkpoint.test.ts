import { describe, expect, it } from 'vitest'
import { Coroutines, opOf } from '../../src/engine/coroutine.ts'
import { MAX_STEPS } from '../../src/engine/rerun.ts'
import { RETURN, checkpoint, defineOp, perform } from '../../src/engine/step.ts'
import { errorOf, rootOf } from './errors.ts'

/** A step whose results are not known beforehand; one with two results; one with a single result. */
const ASK = defineOp('ask', 0)
const FLIP = defineOp('flip', 2)
const DO = defineOp('do', 1)

const opName = (co: Coroutines, node: number): string => co.steps[node].op.name

describe('a checkpoint', () => {
  it('takes no step', () => {
    const co = new Coroutines()
    const root = co.root('p', function* () {
      yield* checkpoint('start')
      yield* checkpoint('again')
      yield* perform(DO, 1)
    })
    expect(opName(co, root)).toBe('do')
  })

  it('makes one control state of all rounds of a loop, so that spinning never ends and never grows', () => {
    const co = new Coroutines()
    const root = co.root('spin', function* () {
      for (;;) {
        yield* checkpoint('top')
        if ((yield* perform(ASK)) === 0) return
      }
    })
    let node = root
    for (let i = 0; i < MAX_STEPS * 2; i++) node = co.next(node, 1)
    expect(node).toBe(root)
    expect(opOf(co.nodes, co.next(node, 0))).toBe(RETURN.code)
    expect(co.size).toBeLessThan(10)
  })

  it('keeps different locals apart', () => {
    const co = new Coroutines()
    const root = co.root('count down', function* () {
      for (let left = 3; left > 0;) {
        yield* checkpoint('top', left)
        if ((yield* perform(ASK)) === 0) left--
      }
    })
    const after = (...results: number[]): number =>
      results.reduce((node, result) => co.next(node, result), root)
    expect(after(1, 1, 1)).toBe(root)
    expect(after(0)).not.toBe(root)
    expect(after(0, 1)).toBe(after(0))
    expect(after(1, 0, 5, 0)).toBe(after(0, 0))
    expect(opOf(co.nodes, after(0, 0, 0))).toBe(RETURN.code)
  })

  it('merges histories that came with unknown results', () => {
    const co = new Coroutines()
    const root = co.root('asks', function* () {
      yield* perform(ASK)
      yield* checkpoint('forgot')
      yield* perform(ASK, 1)
    })
    expect(co.next(root, 10)).toBe(co.next(root, 11))
  })

  it('can stand right before the end', () => {
    const co = new Coroutines()
    const root = co.root('p', function* () {
      yield* perform(DO)
      yield* checkpoint('end')
      return 5
    })
    expect(co.returned(co.next(root, 0))).toBe(5)
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
