import { describe, expect, it } from 'vitest'
import { perform } from '../../src/engine/step.ts'
import { FREED, VALID } from '../../src/machine/cached.ts'
import { ALLOCATE, IS_UNPINNED, PUT, REUSE, TRY_GET } from '../../src/machine/frames.ts'
import { DATA, FREE, REUSED, TABLE, WRITTEN } from '../../src/machine/frame-word.ts'
import { program, type Drive, type Program } from './drive.ts'

const setup = { machine: { pages: [2, 3] } }
/** Frames of a machine with pages 2 and 3, which fill one table: their numbers are those of their names. */
const named = program(function* () {}, setup)
const [T1, P2, P3, H1] = ['T1', 'P2', 'P3', 'H1'].map((name) => named.frame(name))

const run = (code: Program): Drive => {
  const d = program(code, setup)
  d.finish(0)
  return d
}
const results = (d: Drive): number[] => d.seen.map(({ result }) => result)

describe('frames at the start', () => {
  it('are tables, pages with the reference of their mapping, and a free one for every region', () => {
    expect(['PMD', 'T1'].map((name) => named.kind(name))).toEqual([TABLE, TABLE])
    expect(['P2', 'P3'].map((name) => [named.kind(name), named.references(name)])).toEqual([
      [DATA, 1],
      [DATA, 1],
    ])
    expect(named.kind('H1')).toBe(FREE)
  })
})

describe('references', () => {
  it('are taken and dropped; the last one frees the page', () => {
    const d = run(function* () {
      yield* perform(TRY_GET, P2)
      yield* perform(PUT, P2)
    })
    expect([d.kind('P2'), d.references('P2')]).toEqual([DATA, 1])
    const last = run(function* () {
      yield* perform(PUT, P2)
    })
    expect(last.kind('P2')).toBe(FREE)
    expect(last.violation).toBeUndefined()
  })

  it('cannot be taken of a page that has none left, of a table, or of a free frame', () => {
    const d = run(function* () {
      yield* perform(TRY_GET, P2)
      yield* perform(TRY_GET, T1)
      yield* perform(TRY_GET, H1)
      yield* perform(PUT, P3)
      yield* perform(TRY_GET, P3)
    })
    expect(results(d)).toEqual([1, 0, 0, 0, 0])
  })

  it('that are not there cannot be dropped: that frees twice', () => {
    const d = run(function* () {
      yield* perform(PUT, P2)
      yield* perform(PUT, P2)
    })
    expect(d.violation).toBe('free-once')
  })

  it('are all counted, up to one a CPU and one for the mapping', () => {
    const d = run(function* () {
      for (let i = 0; i < 6; i++) yield* perform(TRY_GET, P2)
    })
    expect([d.kind('P2'), d.references('P2')]).toEqual([DATA, 7])
  })

  it('other than that of the mapping are seen by khugepaged', () => {
    const d = run(function* () {
      yield* perform(IS_UNPINNED, P2)
      yield* perform(TRY_GET, P2)
      yield* perform(IS_UNPINNED, P2)
    })
    expect(results(d)).toEqual([1, 1, 0])
  })
})

describe('a page-table page', () => {
  it('that is given back is free, and not free for a collapse', () => {
    const d = run(function* (cpu) {
      yield* cpu.freeTableNow(T1)
      yield* perform(ALLOCATE, H1)
      yield* perform(ALLOCATE, H1)
    })
    expect([d.kind('T1'), d.kind('H1')]).toEqual([FREE, DATA])
    expect(results(d)).toEqual([0, 1, 0])
    expect(d.world.witnessed).toContain('table-freed')
  })

  it('can be given back once', () => {
    const d = run(function* (cpu) {
      yield* cpu.freeTableNow(T1)
      yield* cpu.freeTableNow(T1)
    })
    expect(d.violation).toBe('free-once')
  })

  it('is no data page that can be given back as one', () => {
    expect(run((cpu) => cpu.freeTableNow(P2)).violation).toBe('free-once')
    expect(run(() => perform(PUT, T1)).violation).toBe('free-once')
  })
})

describe('freeing', () => {
  it('marks every cached translation to the frame, and no other', () => {
    const d = run(function* (cpu) {
      yield* cpu.access(2, 'read')
      yield* cpu.access(3, 'read')
      yield* perform(PUT, P2)
    })
    expect(d.tlb(0, 2) & (VALID | FREED)).toBe(VALID | FREED)
    expect(d.tlb(0, 3) & (VALID | FREED)).toBe(VALID)
    expect(d.structure(0, 1, 2) & FREED).toBe(0)
  })

  it('marks structure caches that lead to a freed table', () => {
    const d = run(function* (cpu) {
      yield* cpu.access(2, 'read')
      yield* cpu.freeTableNow(T1)
    })
    expect(d.structure(0, 1, 2) & (VALID | FREED)).toBe(VALID | FREED)
    expect(d.tlb(0, 2) & FREED).toBe(0)
  })

  it('is noticed when the translation is used, not before', () => {
    const code: Program = function* (cpu) {
      yield* cpu.access(2, 'read')
      yield* perform(PUT, P2)
      yield* cpu.sti()
    }
    expect(run(code).violation).toBeUndefined()
    const used = run(function* (cpu) {
      yield* code(cpu)
      yield* cpu.access(2, 'read')
    })
    expect(used.violation).toBe('frame-lifetime')
  })

  it('is noticed in a frame that has become something else meanwhile', () => {
    const d = run(function* (cpu) {
      yield* cpu.access(2, 'read')
      yield* perform(PUT, P2)
      yield* perform(REUSE)
      yield* cpu.access(2, 'read')
    })
    expect(d.kind('P2')).toBe(REUSED)
    expect(d.violation).toBe('frame-lifetime')
  })

  it('of a page whose entry is still there goes unnoticed, which is a known limit: only old translations are marked', () => {
    const d = run(function* (cpu) {
      yield* perform(PUT, P2)
      yield* cpu.access(2, 'write')
    })
    expect(d.violation).toBeUndefined()
    expect(d.tlb(0, 2) & (VALID | FREED)).toBe(VALID)
    // What is free is not marked as written, so that its next owner does not inherit a store.
    expect(d.frameBits('P2', WRITTEN)).toBe(0)
  })
})

describe('reuse', () => {
  it('takes a freed frame, and none where nothing was freed', () => {
    const d = run(function* () {
      yield* perform(REUSE)
      yield* perform(PUT, P3)
      yield* perform(REUSE)
      yield* perform(REUSE)
    })
    expect(results(d)).toEqual([0, 0, P3, 0])
    expect(d.kind('P3')).toBe(REUSED)
    // The frames that a collapse may need are not given away.
    expect(d.kind('H1')).toBe(FREE)
  })
})
