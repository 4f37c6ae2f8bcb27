import { describe, expect, it } from 'vitest'
import { CACHED_W, VALID } from '../../src/machine/cached.ts'
import { P, RW, entry } from '../../src/machine/entry.ts'
import type { MachineConfig } from '../../src/machine/config.ts'
import { program, type Drive, type Program } from './drive.ts'

/** Reads these pages one after the other. */
const reading = (pages: readonly number[], machine: Partial<MachineConfig> = {}): Drive => {
  const code: Program = function* (cpu) {
    for (const page of pages) yield* cpu.access(page, 'read')
  }
  return program(code, { machine: { pages: [...new Set(pages)], ...machine } })
}

/** How many entries the walks of the next access read. */
function walksOfNext(d: Drive): number {
  const from = d.seen.length
  d.until(0, 'access')
  return d.seen.slice(from).filter(({ op }) => op === 'walk').length
}

describe('a walk', () => {
  it('starts from the table that is cached and reads only the leaf', () => {
    for (const levels of [2, 3, 4, 5]) {
      const d = reading([2, 3], { levels })
      expect(walksOfNext(d)).toBe(levels)
      expect(walksOfNext(d)).toBe(1)
    }
  })

  it('starts from the deepest of the cached levels', () => {
    // Pages 0 and 2 share the tables from level 2 up, pages 0 and 4 those from level 3 up.
    const d = reading([0, 2, 4], { levels: 4 })
    expect(walksOfNext(d)).toBe(4)
    expect(walksOfNext(d)).toBe(2)
    expect(walksOfNext(d)).toBe(3)
  })

  it('fills one entry a level that it passes, and none for the root', () => {
    const d = reading([0], { levels: 4 })
    const filled = (): boolean[] => [3, 2, 1].map((level) => (d.structure(0, level, 0) & VALID) !== 0)
    expect(filled()).toEqual([false, false, false])
    d.go('cpu0')
    expect(filled()).toEqual([true, false, false])
    d.go('cpu0')
    expect(filled()).toEqual([true, true, false])
    d.go('cpu0')
    expect(filled()).toEqual([true, true, true])
    expect(d.m.caches.structureSlots).toBe(3)
    expect([3, 2, 1].map((level) => d.m.cached.frame(d.structure(0, level, 0)))).toEqual(
      ['PUD', 'PMD', 'T0'].map((name) => d.frame(name)),
    )
  })

  it('does not look at the upper levels again, so it is led into a table that was unhooked', () => {
    const d = reading([2, 3])
    walksOfNext(d)
    d.S[d.entryAt(2, 2)] = 0
    d.until(0, 'access')
    expect(d.seen.at(-1)!.result).toBe(0)
    expect(d.m.cached.frame(d.tlb(0, 3))).toBe(d.frame('P3'))
  })

  it('sees the hole in an old table although the new one maps the page, and finds the new one when tried again', () => {
    const d = reading([2, 3, 3])
    walksOfNext(d)
    // The cached table loses the entry while the root stops leading to it.
    d.S[d.entryAt(2, 2)] = 0
    d.S[d.entryAt(1, 3)] = 0
    d.until(0, 'access')
    expect(d.seen.at(-1)!.result).toBe(1)
    expect(d.structure(0, 1, 3)).toBe(0)
    d.S[d.entryAt(2, 2)] = entry(d.frame('T1'), P | RW)
    d.S[d.entryAt(1, 3)] = entry(d.frame('P3'), P | RW)
    expect(walksOfNext(d)).toBe(2)
    expect(d.seen.at(-1)!.result).toBe(0)
  })

  it('keeps the rights that it had when the upper entry was cached', () => {
    const d = reading([2, 3])
    d.S[d.entryAt(2, 2)] &= ~RW
    walksOfNext(d)
    d.S[d.entryAt(2, 2)] |= RW
    walksOfNext(d)
    expect(d.tlb(0, 3) & (VALID | CACHED_W)).toBe(VALID)
  })

  it('caches a table that has no present entry, for as long as it is linked', () => {
    const d = reading([2])
    d.S[d.entryAt(1, 2)] = 0
    d.times(1, 'cpu0')
    expect(d.structure(0, 1, 2) & VALID).toBe(VALID)
    expect(d.m.cached.frame(d.structure(0, 1, 2))).toBe(d.frame('T1'))
  })

  it('is started by another CPU from that CPU’s own cache', () => {
    const d = program((cpu) => cpu.access(2, 'read'), { machine: { vcpus: 2, pages: [2] } })
    d.finish(0)
    expect(d.structure(0, 1, 2) & VALID).toBe(VALID)
    expect(d.structure(1, 1, 2)).toBe(0)
  })
})

describe('without paging-structure caches', () => {
  it('every walk starts at the root', () => {
    for (const levels of [2, 3, 5]) {
      const d = reading([2, 3], { levels, structureCaches: false })
      expect(walksOfNext(d)).toBe(levels)
      expect(walksOfNext(d)).toBe(levels)
      expect(d.m.caches.structureSlots).toBe(0)
    }
  })

  it('a TLB hit is still a hit', () => {
    const d = reading([2, 2], { structureCaches: false })
    expect(walksOfNext(d)).toBe(2)
    expect(walksOfNext(d)).toBe(0)
  })
})
