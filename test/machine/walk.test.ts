import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CACHED_D, CACHED_W, VALID } from '../../src/machine/cached.ts'
import { A, D, P, PS, RW } from '../../src/machine/entry.ts'
import { program, type Drive } from './drive.ts'

const DEPTHS = [2, 3, 4, 5]

/** Clears A and D of every present entry, so that what a walk sets can be told from what was there. */
function wash(d: Drive): Drive {
  for (const table of d.m.geometry.tables) {
    for (let i = 0; i < d.m.config.entries; i++) d.S[d.m.entryAt(table.frame, 1, 0) + i] &= ~(A | D)
  }
  return d
}

const reading = (levels: number, page = 0, pages = [0]): Drive =>
  wash(program((cpu) => cpu.access(page, 'read'), { machine: { levels, pages } }))
const writing = (levels: number): Drive =>
  wash(program((cpu) => cpu.access(0, 'write'), { machine: { levels } }))
const walked = (d: Drive): number => d.done(0).filter((op) => op === 'walk').length

describe.each(DEPTHS)('a page walk of %i levels', (levels) => {
  it('reads one level a step, and takes one step more for the access', () => {
    const d = reading(levels)
    for (let level = levels; level >= 1; level--) {
      expect(walked(d)).toBe(levels - level)
      d.go('cpu0')
      expect(d.entry(level, 0) & A).toBe(A)
    }
    expect(walked(d)).toBe(levels)
    expect(d.seen.some(({ op }) => op === 'access')).toBe(false)
    d.go('cpu0')
    expect(d.seen.at(-1)).toMatchObject({ op: 'access', result: 0 })
    expect(d.world.final()).toBe(true)
  })

  it('sets A from the root down, never ahead of the level it has read', () => {
    const d = reading(levels)
    for (let read = 0; read <= levels; read++) {
      const accessed = Array.from({ length: levels }, (_, i) => (d.entry(levels - i, 0) & A) !== 0)
      expect(accessed).toEqual(Array.from({ length: levels }, (_, i) => i < read))
      d.go('cpu0')
    }
  })

  it('sets D on a write, in the leaf only', () => {
    const d = writing(levels)
    d.times(levels, 'cpu0')
    expect(d.entry(1, 0) & D).toBe(D)
    for (let level = 2; level <= levels; level++) expect(d.entry(level, 0) & D).toBe(0)
  })

  it('leaves D alone on a read', () => {
    const d = reading(levels)
    d.finish(0)
    for (let level = 1; level <= levels; level++) expect(d.entry(level, 0) & (A | D)).toBe(A)
    expect(d.tlb(0, 0) & (VALID | CACHED_D)).toBe(VALID)
  })

  it('creates the TLB entry in its last step, not before', () => {
    const d = reading(levels)
    for (let step = 0; step < levels; step++) {
      expect(d.tlb(0, 0)).toBe(0)
      d.go('cpu0')
    }
    expect(d.tlb(0, 0) & VALID).toBe(VALID)
    expect(d.m.cached.frame(d.tlb(0, 0))).toBe(d.frame('P0'))
  })

  it('faults at an entry that is not present, with A set above it and nothing cached of it', () => {
    for (let hole = 1; hole <= levels; hole++) {
      const d = reading(levels)
      d.S[d.entryAt(hole, 0)] &= ~P
      d.finish(0)
      expect(d.seen.at(-1)).toMatchObject({ op: 'access', result: 1 })
      expect(walked(d)).toBe(levels - hole + 1)
      expect(d.entry(hole, 0) & A).toBe(0)
      for (let level = hole + 1; level <= levels; level++) expect(d.entry(level, 0) & A).toBe(A)
      expect(d.tlb(0, 0)).toBe(0)
    }
  })

  it('takes the right to write from all levels together', () => {
    for (let readOnly = 1; readOnly <= levels; readOnly++) {
      const d = writing(levels)
      d.S[d.entryAt(readOnly, 0)] &= ~RW
      d.finish(0)
      expect(d.seen.at(-1)).toMatchObject({ op: 'access', result: 1 })
      // A walk that ends in a protection fault changes no flag of the leaf.
      expect(d.entry(1, 0) & (A | D)).toBe(0)
    }
  })

  it('caches a read-only right that came from any level', () => {
    for (let readOnly = 1; readOnly <= levels; readOnly++) {
      const d = reading(levels)
      d.S[d.entryAt(readOnly, 0)] &= ~RW
      d.finish(0)
      expect(d.tlb(0, 0) & (VALID | CACHED_W)).toBe(VALID)
    }
  })
})

describe('a large page', () => {
  const large = (kind: 'read' | 'write'): Drive => {
    const d = wash(program((cpu) => cpu.access(3, kind), { machine: { levels: 3, pages: [2, 3] } }))
    d.S[d.entryAt(2, 3)] |= PS
    return d
  }

  it('ends the walk one level early, and its entry is the leaf', () => {
    const d = large('write')
    expect(d.finish(0)).toBe(3)
    expect(walked(d)).toBe(2)
    expect(d.entry(2, 3) & (A | D)).toBe(A | D)
    expect(d.entry(1, 3) & (A | D)).toBe(0)
  })
})

describe('any page in tables of any shape', () => {
  const machines = fc
    .record({ levels: fc.integer({ min: 2, max: 5 }), entries: fc.integer({ min: 2, max: 4 }) })
    .chain(({ levels, entries }) =>
      fc
        .uniqueArray(fc.integer({ min: 0, max: Math.min(63, entries ** levels - 1) }), {
          minLength: 1,
          maxLength: 8,
        })
        .chain((pages) =>
          fc.record({
            levels: fc.constant(levels),
            entries: fc.constant(entries),
            pages: fc.constant(pages),
            page: fc.constantFrom(...pages),
          }),
        ),
    )

  it('is reached by as many steps as there are levels, and at its own frame', () => {
    fc.assert(
      fc.property(machines, ({ page, ...machine }) => {
        const d = program((cpu) => cpu.access(page, 'read'), { machine })
        expect(d.finish(0)).toBe(machine.levels + 1)
        expect(d.m.cached.frame(d.tlb(0, page))).toBe(d.frame(`P${page}`))
        for (const other of machine.pages) if (other !== page) expect(d.tlb(0, other)).toBe(0)
      }),
      { numRuns: 60 },
    )
  })
})
