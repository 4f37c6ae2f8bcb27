import { describe, expect, it } from 'vitest'
import { VALID } from '../../src/machine/cached.ts'
import { DIRTY, FREE, TABLE } from '../../src/machine/frame-word.ts'
import type { Operation } from '../../src/scenario/workload.ts'
import { operations, type Drive, type Setup } from '../machine/drive.ts'
import { everyState } from '../machine/every-state.ts'
import { audit, recording } from './audit.ts'

const alone = (ops: readonly Operation[], setup: Setup = {}): Drive => {
  const d = operations([ops], setup)
  d.finish(0)
  expect(d.violation).toBeUndefined()
  expect(audit(d)).toEqual([])
  return d
}
const munmap = (page: number): Operation => ({ op: 'munmap', page })

describe('munmap of a page', () => {
  it('whose table maps another one frees the page and keeps the table', () => {
    const d = alone([munmap(2)], { machine: { pages: [2, 3] } })
    expect([d.entry(1, 2), d.kind('P2'), d.kind('T1')]).toEqual([0, FREE, TABLE])
    expect(d.entry(1, 3)).not.toBe(0)
  })

  it.each([2, 3, 4, 5])('that is the last one frees every table but the root of %i levels', (levels) => {
    const d = alone([munmap(0)], { machine: { levels } })
    const kinds = d.m.geometry.tables.map(({ name, level }) => [level, d.kind(name)])
    expect(kinds).toEqual(d.m.geometry.tables.map(({ level }) => [level, level === levels ? TABLE : FREE]))
    expect(d.kind('P0')).toBe(FREE)
    expect(d.entry(levels, 0)).toBe(0)
  })

  it('frees upper tables only as far as they are empty', () => {
    // Pages 0 and 2 have a table each under one PMD; page 4 is under another.
    const d = alone([munmap(0)], { machine: { levels: 3, pages: [0, 2, 4] } })
    expect(['PUD', 'PMD', 'T0', 'T1', 'PMD4', 'T2'].map((name) => d.kind(name))).toEqual([
      TABLE,
      TABLE,
      FREE,
      TABLE,
      TABLE,
      TABLE,
    ])
    const both = alone([munmap(0), munmap(2)], { machine: { levels: 3, pages: [0, 2, 4] } })
    expect(['PUD', 'PMD', 'T0', 'T1', 'PMD4', 'T2'].map((name) => both.kind(name))).toEqual([
      TABLE,
      FREE,
      FREE,
      FREE,
      TABLE,
      TABLE,
    ])
  })

  it('leaves nothing of it in the caches of its own CPU', () => {
    const d = alone([{ op: 'read', page: 0 }, munmap(0)])
    expect((d.tlb(0, 0) | d.structure(0, 1, 0)) & VALID).toBe(0)
  })

  it('unhooks, flushes, then frees tables, then pages', () => {
    const d = alone([munmap(0)], { machine: { levels: 3 } })
    const order = d
      .done(0)
      .filter((op) =>
        ['clear entry', 'flush begins', 'INVLPG', 'flush done', 'free table', 'put'].includes(op),
      )
    expect(order).toEqual([
      'clear entry',
      'clear entry',
      'clear entry',
      'flush begins',
      'INVLPG',
      'flush done',
      'free table',
      'free table',
      'put',
    ])
  })

  it('tells the page that it is dirty', () => {
    const d = alone([{ op: 'write', page: 2 }, munmap(2), munmap(3)], { machine: { pages: [2, 3] } })
    // Freed frames keep no flags; that no store was lost is what the invariant judges.
    expect(d.frameBits('P2', DIRTY)).toBe(0)
    expect(d.done(0).filter((op) => op === 'put')).toHaveLength(2)
  })

  it('that is not mapped does nothing and flushes nobody', () => {
    const d = alone([munmap(2), munmap(2)], { machine: { pages: [2, 3] }, policy: recording })
    expect(d.words('flushes')).toEqual([1])
    const gone = alone([munmap(0), munmap(0)], { policy: recording })
    expect(gone.words('flushes')).toEqual([1])
  })

  it('leaves other pages and the other address space as they were', () => {
    const d = alone([munmap(0)], { machine: { pages: [0, 2], spaces: 2 } })
    for (const [page, space] of [
      [2, 0],
      [0, 1],
      [2, 1],
    ])
      expect(d.entry(1, page, space)).not.toBe(0)
  })

  it('holds the lock of the space from its first change to its last', () => {
    let held = 0
    everyState(operations([[munmap(0)]]), (d) => {
      const changed = d.entry(1, 0) === 0
      const over = d.world.final()
      if (!changed || over) return
      held++
      expect(d.words('mmap_lock')).toEqual([1])
    })
    expect(held).toBeGreaterThan(2)
  })
})

describe('what munmap asks the policy for', () => {
  const asked = (ops: readonly Operation[], pages: number[]): Drive =>
    alone(ops, { machine: { pages, vcpus: 3 }, policy: recording })

  it('is a flush of its page on all other CPUs', () => {
    const d = asked([munmap(3)], [2, 3])
    expect([d.words('pages'), d.words('targets')]).toEqual([[0b10], [0b110]])
  })

  it('says whether tables will be freed', () => {
    expect(asked([munmap(2)], [2, 3]).words('kind')).toEqual([0])
    expect(asked([munmap(2), munmap(3)], [2, 3]).words('kind')).toEqual([1])
  })

  it('hands what was gathered to flush, freeTable and finish', () => {
    expect(asked([munmap(0)], [0]).words('gathered')).toEqual([5 | 8 | 32])
    // Without a table there is nothing to free, and the operation still ends.
    expect(asked([munmap(2)], [2, 3]).words('gathered')).toEqual([5 | 32])
  })
})
