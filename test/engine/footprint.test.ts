/** Footprints conflict where they have a word in common that one of them writes. */
import { expect, it } from 'vitest'
import { conflict, EVERYTHING, isWrite, NOTHING, reads, wordOf, writes } from '../../src/engine/footprint.ts'

const cases = [
  [reads(3), reads(3), false],
  [reads(3), writes(3), true],
  [writes(3), writes(3), true],
  [writes(3), writes(4), false],
  [writes(0), reads(0), true],
  [EVERYTHING, reads(3), true],
  [EVERYTHING, EVERYTHING, true],
  [NOTHING, EVERYTHING, false],
  [NOTHING, NOTHING, false],
  [NOTHING, writes(0), false],
] as const

it.each(cases)('%i and %i: %s, whichever comes first', (a, b, expected) => {
  expect(conflict(a, b)).toBe(expected)
  expect(conflict(b, a)).toBe(expected)
})

it('a word and whether it is written can be read off', () => {
  expect([wordOf(reads(7)), isWrite(reads(7)), wordOf(writes(7)), isWrite(writes(7))]).toEqual([
    7,
    false,
    7,
    true,
  ])
  expect([isWrite(EVERYTHING), isWrite(NOTHING)]).toEqual([false, false])
})
