import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StateSet } from '../../src/engine/state-set.ts'

const add = (set: StateSet, words: readonly number[]): number => {
  set.probe.set(words)
  return set.add()
}
const stored = (set: StateSet, number: number): number[] => {
  set.fetch(number)
  return Array.from(set.probe, (word) => word >>> 0)
}

/** Few different values, so that states repeat; and the largest, where signs go wrong. */
const word = fc.oneof(
  fc.nat(3),
  fc.constantFrom(0x7fffffff, 0x80000000, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
)
/** States of a number of bytes, as words; what is beyond the bytes is 0, as a packer leaves it. */
const states = fc.integer({ min: 1, max: 18 }).chain((bytes) => {
  const words = Math.ceil(bytes / 4)
  const mask = bytes % 4 === 0 ? 0xffffffff : 2 ** (8 * (bytes % 4)) - 1
  const state = fc.array(word, { minLength: words, maxLength: words })
  const cut = state.map((each) => each.map((value, i) => (i === words - 1 ? (value & mask) >>> 0 : value)))
  return fc.tuple(fc.constant(bytes), fc.array(cut, { maxLength: 200 }))
})

describe('the set of states', () => {
  it('behaves as a set of strings that numbers its members in the order of their arrival', () => {
    fc.assert(
      fc.property(states, ([size, all]) => {
        const set = new StateSet(size)
        const model = new Map<string, number>()
        for (const each of all) {
          const key = each.join()
          const known = model.get(key)
          if (known === undefined) {
            expect(add(set, each)).toBe(model.size)
            model.set(key, model.size)
          } else expect(add(set, each)).toBe(-1 - known)
          expect(set.count).toBe(model.size)
        }
        for (const [key, number] of model) expect(stored(set, number).join()).toBe(key)
      }),
    )
  })

  it('finds everything again after it has grown many times', () => {
    const count = 20_000
    for (const size of [1, 3]) {
      const set = new StateSet(size * 4)
      // The words are alike but for a few bits, which a weak hash would send to one place.
      const words = (i: number): number[] =>
        Array.from({ length: size }, (_, w) => (w === size - 1 ? i << 12 : 0))
      for (let i = 0; i < count; i++) expect(add(set, words(i))).toBe(i)
      for (let i = 0; i < count; i++) expect(add(set, words(i))).toBe(-1 - i)
      for (let i = 0; i < count; i += 997) expect(stored(set, i)).toEqual(words(i).map((each) => each >>> 0))
      expect(set.count).toBe(count)
    }
  })

  it('tells states apart that differ in one word only, wherever it is', () => {
    const set = new StateSet(32)
    expect(add(set, new Array<number>(8).fill(0))).toBe(0)
    for (let at = 0; at < 8; at++) {
      for (const bit of [1, 0x8000, 0x80000000]) {
        const words = new Array<number>(8).fill(0)
        words[at] = bit
        expect(add(set, words)).toBeGreaterThan(0)
      }
    }
    expect(set.count).toBe(1 + 8 * 3)
  })

  it('keeps the order of discovery, so that it is the queue of a breadth-first search', () => {
    const set = new StateSet(1)
    const order = [5, 3, 5, 9, 3, 1]
    order.forEach((each) => add(set, [each]))
    expect(Array.from({ length: set.count }, (_, i) => stored(set, i)[0])).toEqual([5, 3, 9, 1])
  })

  it('does not change what is stored when the probe is filled again', () => {
    const set = new StateSet(8)
    add(set, [1, 2])
    set.probe.set([3, 4])
    expect(stored(set, 0)).toEqual([1, 2])
  })

  it('keeps the probe as it was filled while it grows', () => {
    const set = new StateSet(5)
    for (let i = 0; i < 3000; i++) {
      add(set, [i, i & 0xff])
      expect([...set.probe]).toEqual([i, i & 0xff])
    }
  })

  it('says how much memory it holds, which grows with its states', () => {
    const set = new StateSet(13)
    const empty = set.bytes
    for (let i = 0; i < 5000; i++) add(set, [i, 0, 0, 0])
    expect(set.bytes).toBeGreaterThanOrEqual(empty + 5000 * 13)
    expect(set.bytes).toBeLessThan(5000 * 13 * 2)
  })
})
