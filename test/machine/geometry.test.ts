import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ShootdownError } from '../../src/errors.ts'
import { CachedFormat, CACHED_D, CACHED_PS, CACHED_U, CACHED_W, VALID } from '../../src/machine/cached.ts'
import { defaultMachine, machineConfig, type MachineConfig } from '../../src/machine/config.ts'
import {
  A,
  D,
  P,
  PS,
  RW,
  US,
  entry,
  frameOf,
  isLarge,
  isPresent,
  isWritable,
  tellEntry,
} from '../../src/machine/entry.ts'
import { Geometry } from '../../src/machine/geometry.ts'

const shape = fc
  .record({
    levels: fc.integer({ min: 2, max: 5 }),
    entries: fc.integer({ min: 2, max: 4 }),
    spaces: fc.integer({ min: 1, max: 2 }),
  })
  .chain(({ levels, entries, spaces }) =>
    fc
      .uniqueArray(fc.nat(Math.min(63, entries ** levels - 1)), { minLength: 1, maxLength: 3 })
      .map((pages) => machineConfig({ levels, entries, spaces, pages })),
  )

describe('the tables of a space', () => {
  it('form a tree that leads every page to its own frame, one index a level', () => {
    fc.assert(
      fc.property(shape, (config) => {
        const g = new Geometry(config)
        for (const { space, page } of g.datas) {
          // Digits of the page number in base `entries`, the lowest for the lowest level.
          let rest = page
          for (let level = 1; level <= config.levels; level++) {
            expect(g.index(page, level)).toBe(rest % config.entries)
            rest = Math.floor(rest / config.entries)
            const tables = g.tables.filter(
              (t) => t.space === space && t.level === level && t.first === g.base(page, level),
            )
            expect(tables).toHaveLength(1)
            expect(tables[0].first).toBeLessThanOrEqual(page)
            expect(page).toBeLessThan(tables[0].first + config.entries ** level)
          }
          expect(g.roots[space]).toBe(
            g.tables.find((t) => t.space === space && t.level === config.levels)!.frame,
          )
        }
      }),
    )
  })

  it('use every frame once and give each a name of its own', () => {
    fc.assert(
      fc.property(shape, (config) => {
        const g = new Geometry(config)
        const all = [...g.tables, ...g.datas, ...g.huge]
        expect(all.map(({ frame }) => frame).toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: g.frames }, (_, i) => i + 1),
        )
        expect(new Set(all.map(({ name }) => name)).size).toBe(g.frames)
        for (const { frame, name } of all) expect(g.name(frame)).toBe(name)
      }),
    )
  })

  it('have no table that maps nothing', () => {
    fc.assert(
      fc.property(shape, (config) => {
        const g = new Geometry(config)
        for (const { level, first } of g.tables) {
          expect(config.pages.some((page) => g.base(page, level) === first)).toBe(true)
        }
      }),
    )
  })

  it('come with a large frame exactly for regions that are mapped as a whole', () => {
    const regions = (pages: number[]): number[] =>
      new Geometry(machineConfig({ pages })).huge.map(({ page }) => page)
    expect(regions([0])).toEqual([])
    expect(regions([1, 2])).toEqual([])
    expect(regions([2, 3])).toEqual([2])
    expect(regions([3, 0, 2, 1])).toEqual([2, 0])
  })

  it('are called what kernel people call them', () => {
    const names = (levels: number): string[] =>
      new Geometry(machineConfig({ levels })).tables.map(({ name }) => name)
    expect(names(2)).toEqual(['PMD', 'T0'])
    expect(names(5)).toEqual(['PGD', 'P4D', 'PUD', 'PMD', 'T0'])
  })
})

describe('an entry', () => {
  it('keeps its frame and its flags apart', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(63), (frame, flags) => {
        const word = entry(frame, flags)
        expect(frameOf(word)).toBe(frame)
        expect([isPresent(word), isWritable(word), isLarge(word)]).toEqual([
          (flags & P) !== 0,
          (flags & RW) !== 0,
          (flags & PS) !== 0,
        ])
      }),
    )
  })

  it('is told as it is read', () => {
    const name = (frame: number): string => `F${frame}`
    expect(tellEntry(entry(3, P | RW | US | A | D), name)).toBe('F3 W A D')
    expect(tellEntry(entry(3, P | PS), name)).toBe('F3 PS')
    expect(tellEntry(entry(3, RW | A), name)).toBe('none')
  })
})

describe('a cached translation', () => {
  it('keeps frame, space, flags and the marks of every flush apart', () => {
    const parts = fc.record({
      vcpus: fc.integer({ min: 1, max: 6 }),
      frames: fc.integer({ min: 1, max: 100 }),
      spaces: fc.integer({ min: 1, max: 2 }),
    })
    const flags = fc.subarray([CACHED_W, CACHED_U, CACHED_D, CACHED_PS])
    fc.assert(
      fc.property(parts, fc.nat(), fc.nat(), flags, ({ vcpus, frames, spaces }, f, s, set) => {
        const format = new CachedFormat(vcpus, frames, spaces)
        const [frame, space] = [1 + (f % frames), s % spaces]
        let word = format.make(
          frame,
          space,
          set.reduce((all, bit) => all | bit, VALID),
        )
        expect(word & format.ghosts).toBe(0)
        for (let v = 0; v < vcpus; v++) {
          expect(format.due(v) & format.dueMask).toBe(format.due(v))
          word |= format.due(v)
        }
        expect([format.frame(word), format.space(word)]).toEqual([frame, space])
        expect(word & format.dueMask).toBe(format.dueMask)
        for (const bit of [CACHED_W, CACHED_U, CACHED_D, CACHED_PS])
          expect((word & bit) !== 0).toBe(set.includes(bit))
        expect(word).toBeLessThanOrEqual(format.max)
      }),
    )
  })
})

describe('the configuration of a machine', () => {
  it('is the default where nothing else is said, with as many pCPUs as vCPUs', () => {
    expect(machineConfig()).toEqual(defaultMachine)
    expect(machineConfig({ vcpus: 4 }).pcpus).toBe(4)
    expect(machineConfig({ vcpus: 4, pcpus: 2 }).pcpus).toBe(2)
  })

  const wrong: readonly (readonly [Partial<MachineConfig>, string])[] = [
    [{ vcpus: 0 }, 'machine.vcpus is 0'],
    [{ vcpus: 7 }, 'machine.vcpus is 7'],
    [{ levels: 1 }, 'machine.levels is 1'],
    [{ levels: 2.5 }, 'machine.levels is 2.5'],
    [{ entries: 5 }, 'machine.entries is 5'],
    [{ pages: [] }, 'machine.pages is []'],
    [{ pages: [4] }, 'machine.pages is 4; expected pages below 4'],
    [{ pages: [1, 1] }, 'machine.pages is [1,1]; expected each page once'],
    [{ speculation: -1 }, 'machine.speculation is -1'],
    [{ eviction: 1 as never }, 'machine.eviction is 1'],
  ]
  it.each(wrong)('is refused with the field, what was found and what was expected: %j', (given, sentence) => {
    expect(() => machineConfig(given)).toThrow(ShootdownError)
    expect(() => machineConfig(given)).toThrow(sentence)
  })
})
