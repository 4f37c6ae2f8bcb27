import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Packer, Widened } from '../../src/engine/pack.ts'
import { StateSet } from '../../src/engine/state-set.ts'

const STATE_MAX = 12

const pack = (packer: Packer, state: Int32Array): Int32Array => {
  const out = new Int32Array(packer.size)
  packer.pack(state, out)
  return out
}
const unpack = (packer: Packer, packed: Int32Array, length: number): number[] => {
  // Filled with what hardly any state holds, so that a word that is not written shows.
  const state = new Int32Array(length).fill(0x5eed5eed)
  packer.unpack(packed, state)
  return [...state]
}

/** Packs all of these with one packer, beginning again whenever it has been widened, as a search does. */
function packAll(packer: Packer, states: readonly Int32Array[]): { packed: Int32Array[]; restarts: number } {
  for (let restarts = 0; ; restarts++) {
    if (restarts > 10_000) throw new Error('the packer never settles')
    try {
      return { packed: states.map((state) => pack(packer, state)), restarts }
    } catch (thrown) {
      if (!(thrown instanceof Widened)) throw thrown
    }
  }
}

/** Small values are looked up in an array, large and negative ones in a map: all of them, and the edges between. */
const value = fc.oneof(
  { weight: 4, arbitrary: fc.nat(3) },
  { weight: 2, arbitrary: fc.nat(40) },
  { weight: 1, arbitrary: fc.integer({ min: 65_530, max: 65_545 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0x7fffffff }) },
  { weight: 1, arbitrary: fc.integer({ min: -3, max: -1 }) },
  { weight: 1, arbitrary: fc.integer({ min: -0x80000000, max: -1 }) },
)
const state = (length: number): fc.Arbitrary<Int32Array> =>
  fc.array(value, { minLength: length, maxLength: length }).map((values) => Int32Array.from(values))
const some = fc
  .integer({ min: 1, max: STATE_MAX })
  .chain((length) =>
    fc.tuple(
      state(length),
      fc.array(state(length), { maxLength: 30 }),
      fc.array(state(length), { maxLength: 30 }),
    ),
  )

describe('packing', () => {
  it('loses nothing: every state comes back word for word', () => {
    fc.assert(
      fc.property(some, ([initial, sample, states]) => {
        const packer = new Packer(initial, (offer) => sample.forEach(offer))
        const all = [initial, ...sample, ...states]
        const { packed } = packAll(packer, all)
        const back = all.map((each, i) => unpack(packer, packed[i], each.length))
        expect(back).toEqual(all.map((each) => [...each]))
      }),
    )
  })

  it('keeps different states different and equal states equal', () => {
    fc.assert(
      fc.property(some, ([initial, sample, states]) => {
        const packer = new Packer(initial, (offer) => sample.forEach(offer))
        const { packed } = packAll(packer, [...states, ...states])
        const forms = packed.map((each) => each.join())
        const plain = [...states, ...states].map((each) => each.join())
        for (let i = 0; i < plain.length; i++) {
          expect(forms.indexOf(forms[i])).toBe(plain.indexOf(plain[i]))
        }
      }),
    )
  })

  it('needs no restart for states that it has learned from', () => {
    fc.assert(
      fc.property(some, ([initial, sample]) => {
        const packer = new Packer(initial, (offer) => sample.forEach(offer))
        expect(packAll(packer, [initial, ...sample]).restarts).toBe(0)
      }),
    )
  })

  it('says when a word outgrows its width, and is wide enough when asked again', () => {
    const packer = new Packer(Int32Array.of(0, 0), (offer) => offer(Int32Array.of(1, 0)))
    expect(packer.bits).toBe(1)
    expect(() => pack(packer, Int32Array.of(2, 0))).toThrow(Widened)
    expect(packer.bits).toBe(2)
    expect(() => pack(packer, Int32Array.of(2, 0))).not.toThrow()
  })

  it('fills the room of a width before it asks for more', () => {
    const packer = new Packer(Int32Array.of(0), (offer) =>
      [1, 2].forEach((each) => offer(Int32Array.of(each))),
    )
    expect(packer.bits).toBe(2)
    expect(() => pack(packer, Int32Array.of(99))).not.toThrow()
    expect(() => pack(packer, Int32Array.of(100))).toThrow(Widened)
    expect(packer.bits).toBe(3)
  })

  it('restarts a number of times that grows with the width, not with the values', () => {
    const packer = new Packer(Int32Array.of(0), () => {})
    const states = Array.from({ length: 1000 }, (_, i) => Int32Array.of(i))
    expect(packAll(packer, states).restarts).toBeLessThanOrEqual(10)
  })
})

describe('words that never change', () => {
  it('take no bits, whatever they hold', () => {
    const initial = Int32Array.of(7, 123_456_789, 0, 3)
    const packer = new Packer(initial, (offer) => offer(Int32Array.of(7, 123_456_789, 0, 4)))
    expect(packer.bits).toBe(1)
    expect(packer.size).toBe(1)
    expect(packer.bytes).toBe(1)
    expect(unpack(packer, pack(packer, initial), 4)).toEqual([...initial])
  })

  it('are not silently lost when they do change after all', () => {
    fc.assert(
      fc.property(some, fc.nat(), value, ([initial], at, other) => {
        const packer = new Packer(initial, () => {})
        expect(packer.bits).toBe(0)
        const changed = initial.slice()
        changed[at % initial.length] = other
        fc.pre(changed.join() !== initial.join())
        expect(() => pack(packer, changed)).toThrow(Widened)
        const { packed } = packAll(packer, [initial, changed])
        expect(packed[0]).not.toEqual(packed[1])
      }),
    )
  })

  it('may be others in another initial state of the same system', () => {
    fc.assert(
      fc.property(some, ([initial, sample, states]) => {
        const packer = new Packer(initial, (offer) => sample.forEach(offer))
        for (const other of states) packer.from(other)
        const { packed, restarts } = packAll(packer, [initial, ...sample, ...states])
        expect(restarts).toBe(0)
        ;[initial, ...sample, ...states].forEach((each, i) => {
          expect(unpack(packer, packed[i], each.length)).toEqual([...each])
        })
      }),
    )
  })
})

describe('the packed form', () => {
  it('has as many bits as the words need, and no word lies across two units', () => {
    const packer = new Packer(new Int32Array(12), (offer) => {
      for (let i = 0; i < 32; i++) offer(new Int32Array(12).fill(i))
    })
    expect(packer.bits).toBe(60)
    // Six words of five bits fit in a unit, the seventh does not.
    expect(packer.size).toBe(2)
  })

  it('takes up to seven bits more in bytes, and leaves what is beyond them empty', () => {
    fc.assert(
      fc.property(some, ([initial, sample]) => {
        const packer = new Packer(initial, (offer) => sample.forEach(offer))
        expect(packer.bytes).toBeLessThanOrEqual(packer.size * 4)
        expect(packer.bytes * 8).toBeGreaterThanOrEqual(packer.bits)
        for (const packed of packAll(packer, [initial, ...sample]).packed) {
          expect([...new Uint8Array(packed.buffer).subarray(packer.bytes)].every((byte) => byte === 0)).toBe(
            true,
          )
        }
      }),
    )
  })

  it('overwrites what was there before', () => {
    const packer = new Packer(Int32Array.of(0, 0), (offer) => offer(Int32Array.of(1, 1)))
    const out = new Int32Array(2).fill(0xdeadbeef)
    packer.pack(Int32Array.of(1, 1), out)
    expect([...out]).toEqual([3, 0xdeadbeef | 0])
  })

  it('survives being kept in a set of states', () => {
    fc.assert(
      fc.property(some, ([initial, sample]) => {
        const packer = new Packer(initial, (offer) => sample.forEach(offer))
        const set = new StateSet(packer.bytes)
        const numbers = sample.map((each) => {
          packer.pack(each, set.probe)
          const number = set.add()
          return number < 0 ? -1 - number : number
        })
        sample.forEach((each, i) => {
          set.fetch(numbers[i])
          expect(unpack(packer, set.probe, each.length)).toEqual([...each])
        })
        expect(set.count).toBe(new Set(sample.map((each) => each.join())).size)
      }),
    )
  })
})
