import { describe, expect, it } from 'vitest'
import { P } from '../../src/machine/entry.ts'
import { DATA, FREE } from '../../src/machine/frame-word.ts'
import type { Operation } from '../../src/scenario/workload.ts'
import { operations, type Drive, type Setup } from '../machine/drive.ts'
import { everyState } from '../machine/every-state.ts'
import { audit } from './audit.ts'

const gup: Operation = { op: 'gup_fast', page: 2 }
const pages = [2, 3]
const start = (setup: Setup = {}, others: readonly Operation[][] = []): Drive =>
  operations([[gup], ...others], { ...setup, machine: { pages, ...setup.machine } })

describe('gup_fast', () => {
  it.each([2, 3, 5])('of %i levels leaves references, pins, tables and IF as they were', (levels) => {
    const d = start({ machine: { levels } })
    const before = [d.references('P2'), d.pins('P2'), ...[1, 2].map((level) => d.entry(level, 2))]
    d.finish(0)
    expect([d.references('P2'), d.pins('P2'), ...[1, 2].map((level) => d.entry(level, 2))]).toEqual(before)
    expect(audit(d)).toEqual([])
    expect(d.violation).toBeUndefined()
  })

  it('reads one entry a level, with interrupts off from before the first to after the last re-check', () => {
    const d = start({ machine: { levels: 4 } })
    d.finish(0)
    const did = d.done(0)
    expect(did.filter((op) => op === 'read entry')).toHaveLength(4)
    expect(did.indexOf('cli')).toBeLessThan(did.indexOf('read entry'))
    expect(did.indexOf('sti')).toBeGreaterThan(did.lastIndexOf('re-check entry'))
    expect(did.indexOf('release pin')).toBeGreaterThan(did.indexOf('sti'))
  })

  it('holds a reference and then a pin while it has the page', () => {
    const d = start()
    d.until(0, 'try get')
    expect([d.references('P2'), d.pins('P2') > 0]).toEqual([2, false])
    d.until(0, 'sti')
    expect([d.references('P2'), d.pins('P2') > 0]).toEqual([2, true])
  })

  it('of a hole takes nothing', () => {
    for (const level of [1, 2]) {
      const d = start()
      d.S[d.entryAt(level, 2)] &= ~P
      d.finish(0)
      expect(d.done(0)).not.toContain('try get')
      expect(d.done(0).at(-1)).toBe('sti')
    }
  })

  it('touches neither the TLB nor the A flags: it is a walk in software', () => {
    const d = start()
    d.finish(0)
    expect([d.tlb(0, 2), d.structure(0, 1, 2)]).toEqual([0, 0])
  })

  it('of a large page pins the large page', () => {
    const d = operations([[{ op: 'collapse', page: 2 }, gup]], { machine: { pages } })
    d.until(0, 'try get')
    expect(d.references('H1')).toBe(2)
    d.finish(0)
    expect([d.references('H1'), d.kind('H1')]).toEqual([1, DATA])
    expect(d.violation).toBeUndefined()
  })
})

describe('the re-check of gup_fast', () => {
  it('of the PTE and the PMD, or of the PTE alone as it was before', () => {
    const checks = (gupRecheck: 'pte' | 'pmd'): number => {
      const d = start({ features: { gupRecheck } })
      d.finish(0)
      return d.done(0).filter((op) => op === 're-check entry').length
    }
    expect(checks('pmd')).toBe(2)
    expect(checks('pte')).toBe(1)
  })

  it('gives the reference back when the entry has changed', () => {
    const d = start().until(0, 'try get')
    d.S[d.entryAt(1, 2)] = 0
    d.finish(0)
    expect(d.references('P2')).toBe(1)
    expect(d.done(0)).not.toContain('confirm pin')
    expect(d.done(0)).not.toContain('release pin')
  })

  it('of the PMD notices a table that was unhooked, of the PTE alone does not', () => {
    const confirmed = (gupRecheck: 'pte' | 'pmd'): boolean => {
      const d = start({ features: { gupRecheck } }).until(0, 'try get')
      d.S[d.entryAt(2, 2)] = 0
      d.finish(0)
      return d.done(0).includes('confirm pin')
    }
    expect(confirmed('pmd')).toBe(false)
    expect(confirmed('pte')).toBe(true)
  })

  it('notices that hardware has set D meanwhile, and gives up', () => {
    const d = start({}, [[{ op: 'write', page: 2 }]]).until(0, 'try get')
    d.finish(1)
    d.finish(0)
    expect(d.done(0)).not.toContain('confirm pin')
    expect(d.references('P2')).toBe(1)
  })
})

describe('gup_fast against munmap', () => {
  it('keeps the page until it lets go of it, in whatever order they run; each order is reached', () => {
    const seen = { kept: 0, refused: 0, ends: 0 }
    everyState(start({}, [[{ op: 'munmap', page: 2 }]]), (d) => {
      expect(d.violation).toBeUndefined()
      if (d.pins('P2')) expect(d.kind('P2')).toBe(DATA)
      seen.kept += d.pins('P2') && d.entry(1, 2) === 0 ? 1 : 0
      if (!d.world.final()) return
      seen.ends++
      expect(audit(d)).toEqual([])
      expect(d.kind('P2')).toBe(FREE)
    })
    expect(seen.kept).toBeGreaterThan(0)
    expect(seen.ends).toBeGreaterThan(0)
  })

  it('is refused a page that has no references left', () => {
    const d = start({ machine: { vcpus: 2 } }).until(0, 'read entry', 2)
    d.S[d.m.frame + d.frame('P2')] = FREE
    d.finish(0)
    expect(d.seen.find(({ op }) => op === 'try get')!.result).toBe(0)
    expect(d.done(0)).not.toContain('put')
  })
})
