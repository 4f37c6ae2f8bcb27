/** Paging-structure caches level by level: which walks they shorten, and what their absence hides. */
import { expect, it } from 'vitest'
import { experiment } from '../../src/experiment/experiment.ts'
import { machineConfig } from '../../src/machine/config.ts'
import type { Features } from '../../src/machine/features.ts'

/** Reads page 0, unhooks the table of a level above it without a flush, and reads a page next to it: 1 if that faults. */
const afterUnhooking = (level: number, features: Partial<Features> = {}): number[] =>
  experiment({
    machine: { levels: 4, pages: [0, 1], ...features },
    cpus: [
      function* (cpu) {
        yield* cpu.read(0)
        yield* cpu.setEntry(level, 0, 0)
        return (yield* cpu.read(1)).fault ? 1 : 0
      },
    ],
  }).outcomes.flat()

it.each([2, 3, 4])('a walk starts below an entry of level %i that is gone, from the cached one', (level) => {
  expect(afterUnhooking(level)).toEqual([0])
})

it('a level without a cache is read anew, and so are those below it only if they have none either', () => {
  expect(afterUnhooking(2, { uncachedLevels: 1 << 1 })).toEqual([1])
  expect(afterUnhooking(3, { uncachedLevels: 1 << 2 })).toEqual([0])
  expect(afterUnhooking(3, { uncachedLevels: (1 << 1) | (1 << 2) })).toEqual([1])
  expect(afterUnhooking(4, { uncachedLevels: 30 })).toEqual([1])
})

it('levels that no table has are refused', () => {
  expect(() => machineConfig({ uncachedLevels: 31 })).toThrow('machine.uncachedLevels is 31;')
})
