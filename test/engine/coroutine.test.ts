import { describe, expect, it } from 'vitest'
import { Coroutines, argA, argB, argC, opOf } from '../../src/engine/coroutine.ts'
import { RETURN, defineOp, perform, type Code } from '../../src/engine/step.ts'

/** A step whose results are not known beforehand; one with two results; one with a single result. */
const ASK = defineOp('ask', 0)
const FLIP = defineOp('flip', 2)
const DO = defineOp('do', 1)

const opName = (co: Coroutines, node: number): string => co.steps[node].op.name

describe('control states', () => {
  it('hold the operation and its arguments where the hot path reads them', () => {
    const co = new Coroutines()
    const root = co.root('p', function* () {
      yield* perform(ASK, 3, 4, 5)
    })
    expect([opOf(co.nodes, root), argA(co.nodes, root), argB(co.nodes, root), argC(co.nodes, root)]).toEqual([
      ASK.code,
      3,
      4,
      5,
    ])
  })

  it('are never 0, which is a thread with nothing to do', () => {
    const co = new Coroutines()
    const root = co.root('ends at once', function* () {})
    expect(root).not.toBe(0)
    expect(opOf(co.nodes, root)).toBe(RETURN.code)
  })

  it('survive the growth of the table', () => {
    const co = new Coroutines()
    const root = co.root('wide', function* () {
      yield* perform(DO, yield* perform(ASK))
    })
    const children = Array.from({ length: 5000 }, (_, i) => co.next(root, i))
    expect(children.map((node) => argA(co.nodes, node))).toEqual(children.map((_, i) => i))
    expect(children.map((_, i) => co.next(root, i))).toEqual(children)
  })

  it('are found again under the same key without running the code', () => {
    const co = new Coroutines()
    let starts = 0
    const start = function* (): Code {
      starts++
      yield* perform(DO)
    }
    const root = co.root('p', start)
    const before = starts
    expect(co.root('p', start)).toBe(root)
    expect(co.root('p', () => expect.unreachable())).toBe(root)
    expect(starts).toBe(before)
  })

  it('run a generator only for histories not seen before', () => {
    const co = new Coroutines()
    let starts = 0
    const root = co.root('p', function* () {
      starts++
      yield* perform(DO, yield* perform(ASK))
    })
    co.next(root, 7)
    const before = starts
    for (let i = 0; i < 100; i++) co.next(root, 7)
    expect(starts).toBe(before)
    co.next(root, 8)
    expect(starts).toBeGreaterThan(before)
  })
})

describe('returned values', () => {
  it('are kept; nothing counts as 0', () => {
    const co = new Coroutines()
    const value = (key: string, start: () => Code<number | void>): number => co.returned(co.root(key, start))
    expect(value('nothing', function* () {})).toBe(0)
    expect(
      value('number', function* () {
        return 42
      }),
    ).toBe(42)
    expect(
      value('negative', function* () {
        return -3
      }),
    ).toBe(-3)
  })

  it('keep otherwise equal futures apart', () => {
    const co = new Coroutines()
    const root = co.root('p', function* () {
      return yield* perform(FLIP)
    })
    expect(co.next(root, 0)).not.toBe(co.next(root, 1))
  })
})

describe('histories with equal futures', () => {
  it('are one control state once a bit is forgotten', () => {
    const co = new Coroutines()
    const root = co.root('forgets', function* () {
      yield* perform(FLIP)
      yield* perform(DO, 1)
    })
    expect(co.next(root, 0)).toBe(co.next(root, 1))
  })

  it('are two while the bit still matters, and one after its last use', () => {
    const co = new Coroutines()
    const root = co.root('remembers', function* () {
      const bit = yield* perform(FLIP)
      yield* perform(DO, 1)
      yield* perform(DO, bit)
      yield* perform(DO, 2)
    })
    const [zero, one] = [co.next(root, 0), co.next(root, 1)]
    expect(opName(co, zero)).toBe('do')
    expect(argA(co.nodes, zero)).toBe(argA(co.nodes, one))
    expect(zero).not.toBe(one)
    const after = (node: number): number => co.next(co.next(node, 0), 0)
    expect(after(zero)).toBe(after(one))
  })

  it('are one for branches that do the same in different words', () => {
    const co = new Coroutines()
    const root = co.root('words', function* () {
      if ((yield* perform(FLIP)) === 1) {
        yield* perform(DO, 2 + 3)
      } else {
        for (const each of [5]) yield* perform(DO, each)
      }
    })
    expect(co.next(root, 0)).toBe(co.next(root, 1))
  })

  it('are one across coroutines', () => {
    const co = new Coroutines()
    const tail = function* (): Code {
      yield* perform(DO, 9)
    }
    expect(co.root('a', tail)).toBe(co.root('b', tail))
  })

  it('take as many control states as there are counts, not as there are paths', () => {
    const co = new Coroutines()
    const before = co.size
    co.root('counts', function* () {
      let sum = 0
      for (let i = 0; i < 8; i++) sum += yield* perform(FLIP, i)
      return sum
    })
    // 2^9 - 1 nodes without merging; 1 + 2 + ... + 9 with it.
    expect(co.size - before).toBe(45)
  })

  it('stay two where a step differs in who asked for it', () => {
    const co = new Coroutines()
    const root = co.root('ours and theirs', function* () {
      const ofPolicy = (yield* perform(FLIP)) === 1
      yield { op: DO, a: 0, b: 0, c: 0, results: 1, ofPolicy }
    })
    expect(co.next(root, 0)).not.toBe(co.next(root, 1))
  })

  it('stay apart where results are not known beforehand, and are right all the same', () => {
    const co = new Coroutines()
    const root = co.root('asks', function* () {
      yield* perform(ASK)
      yield* perform(ASK, 1)
    })
    const [x, y] = [co.next(root, 10), co.next(root, 11)]
    expect(x).not.toBe(y)
    expect([opName(co, x), opName(co, y)]).toEqual(['ask', 'ask'])
  })

  it('merge behind an unknown result too, where nothing unknown follows', () => {
    const co = new Coroutines()
    const root = co.root('asks once', function* () {
      yield* perform(ASK)
      yield* perform(DO, 1)
    })
    expect(co.next(root, 10)).toBe(co.next(root, -4))
  })
})

describe('a result that was declared impossible', () => {
  it('is refused and names the step', () => {
    const co = new Coroutines()
    const root = co.root('p', function* () {
      yield* perform(FLIP, 1, 2, 3)
    })
    expect(() => co.next(root, 2)).toThrow('flip(1, 2, 3) resulted in 2, outside its declared results')
    expect(() => co.next(root, -1)).toThrow('outside its declared results')
  })
})

describe('expansion ahead', () => {
  it('gives way to following one history at a time where there are too many, and stays exact', () => {
    const co = new Coroutines()
    const bits = 14
    const root = co.root('wide and deep', function* () {
      let word = 0
      for (let i = 0; i < bits; i++) word = word * 2 + (yield* perform(FLIP))
      return word
    })
    expect(co.size).toBeLessThan(2 ** bits)
    for (const word of [0, 1, 0x1555, 0x2aaa, 2 ** bits - 1]) {
      let node = root
      for (let i = bits - 1; i >= 0; i--) node = co.next(node, (word >> i) & 1)
      expect(co.returned(node)).toBe(word)
    }
  })
})
