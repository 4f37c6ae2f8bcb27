import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../../src/engine/random.ts'

const draws = (seed: number, count: number): number[] => {
  const random = new Random(seed)
  return Array.from({ length: count }, () => random.next())
}

/** Sum of (observed - expected)^2 / expected. */
const chiSquare = (counts: readonly number[], expected: number): number =>
  counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)

describe('random numbers', () => {
  it('are the same for the same seed, and again after seeding anew', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed)
        const first = Array.from({ length: 20 }, () => random.next())
        random.seed(seed)
        expect(Array.from({ length: 20 }, () => random.next())).toEqual(first)
        expect(draws(seed, 20)).toEqual(first)
      }),
    )
  })

  it('never change: seeds in hunts and corpus cases mean these numbers', () => {
    expect(draws(1, 4)).toMatchInlineSnapshot(`
      [
        393288148,
        -2120864283,
        -480208205,
        2092745082,
      ]
    `)
    expect(draws(42, 4)).toMatchInlineSnapshot(`
      [
        660444221,
        -642143564,
        77678286,
        922035873,
      ]
    `)
  })

  it('differ for seeds that lie side by side', () => {
    const firsts = new Set(Array.from({ length: 2000 }, (_, seed) => draws(seed, 2).join()))
    expect(firsts.size).toBe(2000)
  })

  it('are whole numbers of 32 bits, of both signs', () => {
    const all = draws(3, 1000)
    expect(all.every((each) => Number.isInteger(each) && each >= -0x80000000 && each <= 0x7fffffff)).toBe(
      true,
    )
    expect(all.some((each) => each < 0)).toBe(true)
    expect(all.some((each) => each > 0)).toBe(true)
  })

  it('set every bit about half of the time', () => {
    const all = draws(4, 20_000)
    for (let bit = 0; bit < 32; bit++) {
      const ones = all.filter((each) => (each >>> bit) & 1).length
      // Five standard deviations of a fair coin.
      expect(Math.abs(ones - 10_000)).toBeLessThan(354)
    }
  })

  it('do not run into a short cycle, whatever the seed', () => {
    for (const seed of [0, -1, 1, 0x7fffffff, -0x80000000])
      expect(new Set(draws(seed, 1000)).size).toBeGreaterThan(995)
  })
})

describe('below(n)', () => {
  it('is a whole number from 0 to n - 1', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 65_535 }), (seed, n) => {
        const random = new Random(seed)
        for (let i = 0; i < 50; i++) {
          const drawn = random.below(n)
          expect(Number.isInteger(drawn) && drawn >= 0 && drawn < n).toBe(true)
        }
      }),
    )
  })

  it('is 0 where there is nothing to choose', () => {
    const random = new Random(5)
    expect(Array.from({ length: 20 }, () => random.below(1))).toEqual(new Array(20).fill(0))
  })

  it.each([2, 3, 5, 7, 16, 100])('is even: %i', (n) => {
    const random = new Random(n)
    const rounds = n * 2000
    const counts = new Array<number>(n).fill(0)
    for (let i = 0; i < rounds; i++) counts[random.below(n)]++
    // Mean n-1 and variance 2(n-1): five standard deviations, which a fixed seed either keeps for ever or never.
    expect(chiSquare(counts, rounds / n)).toBeLessThan(n - 1 + 5 * Math.sqrt(2 * (n - 1)))
  })

  it('is even in pairs too: what follows does not depend on what went before', () => {
    const random = new Random(9)
    const n = 4
    const counts = new Array<number>(n * n).fill(0)
    for (let i = 0; i < 32_000; i++) counts[random.below(n) * n + random.below(n)]++
    expect(chiSquare(counts, 32_000 / (n * n))).toBeLessThan(15 + 5 * Math.sqrt(30))
  })

  it('tells a biased source from a fair one', () => {
    const random = new Random(11)
    const counts = [0, 0, 0]
    for (let i = 0; i < 6000; i++) counts[Math.min(2, random.below(4))]++
    expect(chiSquare(counts, 2000)).toBeGreaterThan(100)
  })
})
