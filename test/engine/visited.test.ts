import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryLimit, OutOfMemory } from '../../src/engine/memory.ts'
import { Visited } from '../../src/engine/visited.ts'

/** Few different values, so that states repeat and begin with zeros; and those where signs go wrong. */
const word = fc.oneof(fc.nat(2), fc.constantFrom(-1, 0x7fffffff, -0x80000000), fc.integer())
const states = fc
  .integer({ min: 1, max: 4 })
  .chain((size) =>
    fc.tuple(
      fc.constant(size),
      fc.array(fc.array(word, { minLength: size, maxLength: size }), { maxLength: 400 }),
    ),
  )

/** Adds states in batches; takes all that were new. */
function added(visited: Visited, size: number, all: readonly (readonly number[])[]): string[] {
  const before = visited.count
  for (let i = 0; i < all.length; i += 32) {
    const batch = all.slice(i, i + 32)
    visited.addAll(Int32Array.from(batch.flat()), batch.length)
  }
  const into = new Int32Array(size)
  return Array.from({ length: visited.count - before }, () => {
    visited.take(into)
    return into.join()
  })
}

describe('the states that a search has met', () => {
  it('are a set whose members are taken in the order of their arrival', () => {
    fc.assert(
      fc.property(states, ([size, all]) => {
        const visited = new Visited(size)
        const half = Math.floor(all.length / 2)
        const model = new Set<string>()
        for (const part of [all.slice(0, half), all.slice(half)]) {
          const known = model.size
          for (const each of part) model.add(Int32Array.from(each).join())
          expect(added(visited, size, part)).toEqual([...model].slice(known))
        }
        expect(visited.count).toBe(model.size)
      }),
    )
  })

  it('are found again after the table has grown many times, though they are alike but for a few bits', () => {
    for (const size of [1, 3]) {
      const visited = new Visited(size)
      const all = Array.from({ length: 20_000 }, (_, i) => Array.from({ length: size }, () => i << 12))
      expect(added(visited, size, all)).toHaveLength(20_000)
      expect(added(visited, size, all)).toEqual([])
    }
  })

  it('take the room that they need, and no more than the limit', () => {
    const size = 2
    const all = Array.from({ length: 50_000 }, (_, i) => [i, 1])
    const visited = new Visited(size)
    added(visited, size, all)
    expect(visited.bytes).toBeLessThan(all.length * size * 4 * 3)
    let resident = 0
    const limit = new MemoryLimit(
      25 << 20,
      () => resident,
      () => {},
    )
    const limited = new Visited(size, limit)
    added(limited, size, all.slice(0, 1000))
    resident = 1 << 20
    expect(() => added(limited, size, all)).toThrow(OutOfMemory)
  })
})
