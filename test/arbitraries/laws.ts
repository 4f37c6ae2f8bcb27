/**
 * The laws that fast-check holds its own arbitraries to (its ArbitraryAssertions), for those of this package: what is
 * drawn follows from the seed, is well-formed, shrinks without context, to strictly smaller values only, to an end.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSmaller, type PlainArbitrary } from '../../src/arbitraries/index.ts'

/** Values looked at for each law. */
const VALUES = 80
/** No descent takes more steps than this: the longest go down one step of one turn at a time. */
const LONGEST_DESCENT = 3000

export const drawn = <T>(arbitrary: PlainArbitrary<T>, seed: number, numRuns = VALUES): T[] =>
  fc.sample(arbitrary, { seed, numRuns })

const shrinksOf = <T>(arbitrary: PlainArbitrary<T>, value: T): T[] =>
  Array.from(arbitrary.shrink(value), (each) => each.value)

/** Registers the laws for an arbitrary; `isWellFormed` throws or returns false for what it must never draw. */
export function itObeysTheLaws<T>(
  name: string,
  arbitrary: PlainArbitrary<T>,
  isWellFormed: (value: T) => boolean,
): void {
  describe(name, () => {
    it('draws the same values for the same seed, and others for another', () => {
      expect(drawn(arbitrary, 7)).toEqual(drawn(arbitrary, 7))
      expect(drawn(arbitrary, 7)).not.toEqual(drawn(arbitrary, 8))
    })

    it('draws well-formed plain data', () => {
      for (const value of drawn(arbitrary, 1, 1000)) {
        expect(isWellFormed(value), JSON.stringify(value)).toBe(true)
        expect(JSON.parse(JSON.stringify(value))).toEqual(value)
      }
    })

    it('shrinks a value that was read from a file like one that was drawn', () => {
      for (const value of drawn(arbitrary, 2)) {
        const read: unknown = JSON.parse(JSON.stringify(value))
        expect(arbitrary.canShrinkWithoutContext(read)).toBe(true)
        expect(shrinksOf(arbitrary, read as T)).toEqual(shrinksOf(arbitrary, value))
      }
    })

    it('shrinks to well-formed values that are strictly smaller by its measure', () => {
      for (const value of drawn(arbitrary, 3)) {
        for (const shrunk of shrinksOf(arbitrary, value)) {
          const told = `${JSON.stringify(value)} -> ${JSON.stringify(shrunk)}`
          expect(isWellFormed(shrunk) && arbitrary.canShrinkWithoutContext(shrunk), told).toBe(true)
          expect(isSmaller(arbitrary.measure(shrunk), arbitrary.measure(value)), told).toBe(true)
        }
      }
    })

    it.each([
      ['boldest', (shrinks: readonly T[]) => shrinks[0]],
      ['most cautious', (shrinks: readonly T[]) => shrinks.at(-1)],
      ['middle', (shrinks: readonly T[]) => shrinks[shrinks.length >> 1]],
    ])('comes to an end by the %s shrinks', (_, choose) => {
      for (const value of drawn(arbitrary, 4, 20)) {
        let steps = 0
        for (let at: T | undefined = value; at !== undefined; at = choose(shrinksOf(arbitrary, at))) steps++
        expect(steps).toBeLessThan(LONGEST_DESCENT)
      }
    })
  })
}
