import { describe, expect, it } from 'vitest'
import { CACHED_PS, VALID } from '../../src/machine/cached.ts'
import { PS } from '../../src/machine/entry.ts'
import type { MachineConfig } from '../../src/machine/config.ts'
import { programs, type Drive, type Program } from './drive.ts'

const PAGES = [0, 2, 3]
const machine: Partial<MachineConfig> = { levels: 3, pages: PAGES }

/** Two CPUs fill their TLBs with all pages; then the first one goes on with `then`. */
function warm(
  then: Program,
  given: Partial<MachineConfig> = machine,
  prepare: (d: Drive) => void = () => {},
): Drive {
  const pages = given.pages ?? PAGES
  const fill: Program = function* (cpu) {
    for (const page of pages) yield* cpu.access(page, 'read')
  }
  const first: Program = function* (cpu) {
    yield* fill(cpu)
    yield* cpu.sti()
    yield* then(cpu)
  }
  const d = programs([first, fill], { machine: given })
  prepare(d)
  d.until(0, 'sti')
  d.finish(1)
  return d
}

const cachedPages = (d: Drive, cpu: number): number[] =>
  d.m.config.pages.filter((page) => d.tlb(cpu, page) & VALID)
const cachedTables = (d: Drive, cpu: number): string[] =>
  d.m.geometry.tables
    .filter(({ level }) => level < d.m.config.levels)
    .filter(({ level, first }) => {
      const page = d.m.config.pages.find((each) => d.m.geometry.base(each, level) === first)!
      return d.structure(cpu, level, page) & VALID
    })
    .map(({ name }) => name)
    .toSorted()
const ALL_TABLES = ['PMD', 'T0', 'T1']

describe('INVLPG', () => {
  const flushed = (): Drive => warm((cpu) => cpu.invlpg(0b010)).go('cpu0')

  it('finds everything cached to begin with', () => {
    const d = warm((cpu) => cpu.sti())
    for (const cpu of [0, 1]) {
      expect(cachedPages(d, cpu)).toEqual(PAGES)
      expect(cachedTables(d, cpu)).toEqual(ALL_TABLES)
    }
  })

  it('drops the TLB entry of its page and no other', () => {
    expect(cachedPages(flushed(), 0)).toEqual([0, 3])
  })

  it('drops all paging-structure caches, whatever they lead to', () => {
    expect(cachedTables(flushed(), 0)).toEqual([])
  })

  it('leaves other CPUs alone', () => {
    const d = flushed()
    expect(cachedPages(d, 1)).toEqual(PAGES)
    expect(cachedTables(d, 1)).toEqual(ALL_TABLES)
  })

  it('takes several pages of a mask', () => {
    expect(cachedPages(warm((cpu) => cpu.invlpg(0b101)).go('cpu0'), 0)).toEqual([2])
  })

  it('of a page that is not cached still drops the paging-structure caches', () => {
    const d = warm(function* (cpu) {
      yield* cpu.invlpg(0b001)
      yield* cpu.access(3, 'read')
      yield* cpu.invlpg(0b001)
    })
    d.times(1, 'cpu0')
    d.finish(0)
    expect(cachedTables(d, 0)).toEqual([])
  })

  it('makes the next access of the page walk from the root', () => {
    const d = warm(function* (cpu) {
      yield* cpu.invlpg(0b010)
      yield* cpu.access(2, 'read')
    }).go('cpu0')
    const from = d.seen.length
    d.finish(0)
    expect(d.seen.slice(from).filter(({ op }) => op === 'walk')).toHaveLength(3)
  })
})

describe('MOV to CR3', () => {
  it('drops everything of its CPU', () => {
    const d = warm((cpu) => cpu.loadCr3(0)).go('cpu0')
    expect(cachedPages(d, 0)).toEqual([])
    expect(cachedTables(d, 0)).toEqual([])
  })

  it('leaves other CPUs alone', () => {
    const d = warm((cpu) => cpu.loadCr3(0)).go('cpu0')
    expect(cachedPages(d, 1)).toEqual(PAGES)
    expect(cachedTables(d, 1)).toEqual(ALL_TABLES)
  })

  it('loads the space that later walks use', () => {
    const d = programs(
      [
        function* (cpu) {
          yield* cpu.loadCr3(1)
          yield* cpu.access(0, 'read')
        },
      ],
      { machine: { spaces: 2 } },
    )
    d.finish(0)
    expect(d.S[d.m.cr3]).toBe(1)
    expect(d.m.cached.frame(d.tlb(0, 0))).toBe(d.frame('P0.mm1'))
    expect(d.m.cached.space(d.tlb(0, 0))).toBe(1)
    expect(d.violation).toBeUndefined()
  })
})

describe('what invalidates nothing', () => {
  it('is a fence, an interrupt flag, a store: all entries stay', () => {
    const d = warm(function* (cpu) {
      yield* cpu.cli()
      yield* cpu.fetchOr(cpu.kernel.lock[0], 0)
      yield* cpu.sti()
    })
    d.finish(0)
    expect(cachedPages(d, 0)).toEqual(PAGES)
    expect(cachedTables(d, 0)).toEqual(ALL_TABLES)
  })
})

describe('a large page', () => {
  const large = { levels: 2, pages: [0, 2, 3] }
  const makeLarge = (d: Drive): void => {
    d.S[d.entryAt(2, 2)] |= PS
  }

  it('is held in pieces', () => {
    const d = warm((cpu) => cpu.sti(), large, makeLarge)
    expect([2, 3].map((page) => d.tlb(0, page) & CACHED_PS)).toEqual([CACHED_PS, CACHED_PS])
    expect(d.tlb(0, 0) & CACHED_PS).toBe(0)
  })

  it.each([
    [2, 0b010],
    [3, 0b100],
  ])('goes as a whole on INVLPG of page %i in it', (_page, mask) => {
    const d = warm((cpu) => cpu.invlpg(mask), large, makeLarge).go('cpu0')
    expect(cachedPages(d, 0)).toEqual([0])
    expect(cachedPages(d, 1)).toEqual([0, 2, 3])
  })

  it('stays on INVLPG of a page outside it', () => {
    const d = warm((cpu) => cpu.invlpg(0b001), large, makeLarge).go('cpu0')
    expect(cachedPages(d, 0)).toEqual([2, 3])
  })
})

describe('a page fault', () => {
  it('drops the entry of its page and the cached path to it, and nothing else', () => {
    const d = warm(
      (cpu) => cpu.access(2, 'write'),
      machine,
      // Write-protected from the start, so that the write faults through the TLB entry.
      (d) => (d.S[d.entryAt(1, 2)] &= ~2),
    )
    d.finish(0)
    expect(cachedPages(d, 0)).toEqual([0, 3])
    expect(cachedTables(d, 0)).toEqual(['T0'])
    expect(cachedPages(d, 1)).toEqual(PAGES)
  })
})
