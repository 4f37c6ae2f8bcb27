import { describe, expect, it } from 'vitest'
import { A, D, P, PS, RW, US, entry, frameOf } from '../../src/machine/entry.ts'
import { DATA, DIRTY, FREE, PIN, REF, TABLE } from '../../src/machine/frame-word.ts'
import type { Operation } from '../../src/scenario/workload.ts'
import { operations, type Drive, type Setup } from '../machine/drive.ts'
import { audit, recording } from './audit.ts'

const collapse: Operation = { op: 'collapse', page: 2 }
const start = (ops: readonly Operation[] = [collapse], setup: Setup = {}): Drive =>
  operations([ops], { ...setup, machine: { pages: [2, 3], ...setup.machine } })
const alone = (ops: readonly Operation[] = [collapse], setup: Setup = {}): Drive => {
  const d = start(ops, setup)
  d.finish(0)
  expect(d.violation).toBeUndefined()
  expect(audit(d)).toEqual([])
  return d
}

describe('a collapse', () => {
  it('installs a large page and frees the table and the small pages', () => {
    const d = alone()
    expect(d.entry(2, 2)).toBe(entry(d.frame('H1'), P | RW | US | A | D | PS))
    expect(['H1', 'T1', 'P2', 'P3'].map((name) => d.kind(name))).toEqual([DATA, FREE, FREE, FREE])
    expect(d.references('H1')).toBe(1)
  })

  it('works at the same level of deeper tables, and leaves the others', () => {
    const d = alone([collapse], { machine: { levels: 4, pages: [0, 2, 3] } })
    expect(d.entry(2, 2) & PS).toBe(PS)
    expect(['PUD', 'PMD', 'T0', 'T1'].map((name) => d.kind(name))).toEqual([TABLE, TABLE, TABLE, FREE])
    expect(d.entry(1, 0)).not.toBe(0)
  })

  it('is one translation for the whole region afterwards', () => {
    const d = alone([collapse, { op: 'read', page: 2 }, { op: 'write', page: 3 }])
    for (const page of [2, 3]) expect(d.m.cached.frame(d.tlb(0, page))).toBe(d.frame('H1'))
  })

  it('carries dirtiness over, and makes none', () => {
    expect(alone([{ op: 'write', page: 3 }, collapse]).frameBits('H1', DIRTY)).toBe(DIRTY)
    expect(alone([{ op: 'read', page: 3 }, collapse]).frameBits('H1', DIRTY)).toBe(0)
  })

  it('flushes the whole region as a collapse, which is no freeing of tables to mmu_gather', () => {
    const d = alone([collapse], { policy: recording, machine: { vcpus: 3 } })
    expect([d.words('pages'), d.words('kind'), d.words('targets')]).toEqual([[0b11], [2], [0b110]])
  })

  it('unhooks and flushes before it looks at references, and copies before it installs', () => {
    const did = alone().done(0)
    const order = ['clear entry', 'flush done', 'is unpinned', 'copy', 'set entry', 'free table']
    expect(order.map((op) => did.indexOf(op)).toSorted((a, b) => a - b)).toEqual(
      order.map((op) => did.indexOf(op)),
    )
    expect(did.lastIndexOf('put')).toBeLessThan(did.indexOf('set entry'))
  })
})

describe('a collapse that cannot be done', () => {
  it('because a page is pinned puts the table back and gives the large page up', () => {
    const d = start()
    const [before, at] = [d.entry(2, 2), d.m.frame + d.frame('P3')]
    d.S[at] += REF + PIN
    d.finish(0)
    expect(d.entry(2, 2)).toBe(before)
    expect(['H1', 'T1', 'P2', 'P3'].map((name) => d.kind(name))).toEqual([FREE, TABLE, DATA, DATA])
    d.S[at] -= REF + PIN
    expect(audit(d)).toEqual([])
    expect(d.violation).toBeUndefined()
  })

  it('because a page of the region is not mapped changes nothing', () => {
    const d = alone([{ op: 'munmap', page: 3 }, collapse])
    expect(frameOf(d.entry(2, 2))).toBe(d.frame('T1'))
    expect(d.done(0)).not.toContain('allocate')
  })

  it('because it was done already changes nothing', () => {
    const d = alone([collapse, collapse])
    expect(d.done(0).filter((op) => op === 'allocate')).toHaveLength(1)
  })

  it('because the large page is taken changes nothing', () => {
    const d = start()
    d.S[d.m.frame + d.frame('H1')] = DATA + REF
    d.finish(0)
    expect(frameOf(d.entry(2, 2))).toBe(d.frame('T1'))
  })
})

describe('other operations on a large page', () => {
  it.each(['munmap', 'reclaim', 'mprotect'])('%s leaves it alone', (op) => {
    const d = alone([collapse, { op, page: 3 }])
    expect(d.entry(2, 2) & (PS | RW)).toBe(PS | RW)
  })
})
