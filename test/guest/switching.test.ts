import { describe, expect, it } from 'vitest'
import { VALID } from '../../src/machine/cached.ts'
import { nativeIpi } from '../../src/policies/index.ts'
import type { Workload } from '../../src/scenario/workload.ts'
import { operations, type Drive, type Setup } from '../machine/drive.ts'
import { everyState } from '../machine/every-state.ts'
import { audit, recording } from './audit.ts'

const switching = (workload: Workload, setup: Setup = {}): Drive =>
  operations(workload, { ...setup, features: { switching: true }, machine: { spaces: 2, ...setup.machine } })
const lazily = (workload: Workload, setup: Setup = {}): Drive =>
  operations(workload, { ...setup, features: { lazy: true } })
const masks = (d: Drive): number[] => d.words('mm_cpumask')
const SWITCH = { op: 'switch_mm' }
const LAZY = { op: 'lazy_tlb' }
const read = (page = 0): { op: string; page: number } => ({ op: 'read', page })
const munmap = (page = 0): { op: string; page: number } => ({ op: 'munmap', page })

describe('switch_mm', () => {
  it('moves the CPU from one mask to the other, and back', () => {
    const d = switching([[SWITCH, SWITCH], []])
    expect(masks(d)).toEqual([0b11, 0])
    d.until(0, 'sti')
    expect([masks(d), d.S[d.m.cr3]]).toEqual([[0b10, 0b01], 1])
    d.until(0, 'sti')
    expect([masks(d), d.S[d.m.cr3]]).toEqual([[0b11, 0], 0])
    expect(audit(d)).toEqual([])
  })

  it('is in the new mask before it loads CR3 and in the old one until it has: no flush can miss it', () => {
    const spaces = new Set<number>()
    everyState(switching([[SWITCH, SWITCH]]), (d) => {
      const space = d.S[d.m.cr3]
      spaces.add(space)
      expect(masks(d)[space] & 1).toBe(1)
    })
    expect(spaces.size).toBe(2)
  })

  it('drops all translations, and what follows uses the other space', () => {
    const d = switching([[read(), SWITCH, read()]])
    d.until(0, 'access').until(0, 'MOV CR3')
    expect((d.tlb(0, 0) | d.structure(0, 1, 0)) & VALID).toBe(0)
    d.finish(0)
    expect(d.m.cached.frame(d.tlb(0, 0))).toBe(d.frame('P0.mm1'))
    expect(d.violation).toBeUndefined()
  })

  it('runs with interrupts off', () => {
    const d = switching([[SWITCH]])
    d.finish(0)
    expect(d.done(0)).toEqual(['cli', 'or', 'MOV CR3', 'and', 'sti'])
  })
})

describe('the targets of a flush', () => {
  const targets = (d: Drive): number => d.words('targets')[0]

  it('are all other CPUs where nobody switches', () => {
    const d = operations([[munmap()], [], []], { policy: recording })
    d.finish(0)
    expect(targets(d)).toBe(0b110)
  })

  it('are the CPUs that have the space loaded', () => {
    const d = switching([[munmap()], [SWITCH], []], { policy: recording })
    d.finish(1)
    d.finish(0)
    expect(targets(d)).toBe(0b100)
  })

  it('are counted for the space that was changed', () => {
    const d = switching([[SWITCH, munmap()], [], [SWITCH]], { policy: recording })
    d.finish(2)
    d.finish(0)
    expect(targets(d)).toBe(0b100)
    expect(d.entry(1, 0, 0)).not.toBe(0)
    expect(d.entry(1, 0, 1)).toBe(0)
  })
})

describe('a CPU in lazy-TLB mode', () => {
  const pages = [2, 3]
  const during = (op: string, setup: Setup = {}): Drive => {
    const d = lazily([[{ op, page: 2 }], [read(2), LAZY]], {
      policy: recording,
      machine: { pages },
      ...setup,
    })
    d.until(1, 'access').go('cpu1')
    expect(d.words('is_lazy')).toEqual([0, 1])
    d.finish(0)
    return d
  }

  it('is left out of a flush of leaf entries, and may keep what it has cached', () => {
    for (const op of ['munmap', 'mprotect', 'reclaim']) {
      const d = during(op)
      expect(d.words('targets')).toEqual([0])
      expect(d.tlb(1, 2) & VALID).toBe(VALID)
      expect(d.world.witnessed).toContain('lazy-skipped')
      expect(d.violation).toBeUndefined()
    }
  })

  it('flushes on its way back, because it is behind', () => {
    const d = during('munmap')
    expect(d.words('tlb_gen behind')[0] & 0b10).toBe(0b10)
    d.finish(1)
    expect(d.done(1)).toContain('MOV CR3')
    expect([d.tlb(1, 2), d.words('tlb_gen behind')[0] & 0b10]).toEqual([0, 0])
    expect(audit(d)).toEqual([])
  })

  it('does not flush on its way back where nothing happened', () => {
    const d = lazily([[], [read(2), LAZY]], { machine: { pages } })
    d.finish(1)
    expect(d.done(1)).not.toContain('MOV CR3')
    expect(d.tlb(1, 2) & VALID).toBe(VALID)
  })

  it('is not left out where tables are freed or collapsed', () => {
    expect(during('collapse').words('targets')).toEqual([0b10])
    const d = lazily([[munmap()], [LAZY]], { policy: recording }).go('cpu1')
    d.finish(0)
    expect([d.words('targets'), d.words('kind')]).toEqual([[0b10], [1]])
  })

  it('is not left out before it is lazy or after it has come back', () => {
    const before = lazily([[munmap(2)], [LAZY]], { policy: recording, machine: { pages } })
    before.finish(0)
    expect(before.words('targets')).toEqual([0b10])
    const after = lazily([[munmap(2)], [LAZY]], { policy: recording, machine: { pages } })
    after.finish(1)
    after.finish(0)
    expect(after.words('targets')).toEqual([0b10])
  })

  it('never uses a stale translation in any interleaving with munmap, though it often holds one', () => {
    const seen = { stale: 0, skipped: 0, ends: 0 }
    everyState(
      lazily([[munmap(2)], [read(2), LAZY, read(2)]], { policy: nativeIpi, machine: { pages } }),
      (d) => {
        expect(d.violation).toBeUndefined()
        for (const t of d.transitions()) {
          const state = d.S.slice()
          d.world.apply(t)
          expect(d.violation).toBeUndefined()
          d.S.set(state)
        }
        seen.stale += d.entry(1, 2) === 0 && d.tlb(1, 2) & VALID ? 1 : 0
        seen.skipped += d.words('is_lazy')[1] === 1 && d.words('tlb_gen behind')[0] & 0b10 ? 1 : 0
        seen.ends += d.world.final() ? 1 : 0
      },
    )
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0)
  })

  it('is no longer behind once the handler has flushed it', () => {
    const d = lazily([[munmap(2)], [read(2)]], { machine: { pages } })
    d.finish(1)
    d.until(0, 'send IPI').go('interrupt cpu1 call-function')
    expect(d.words('tlb_gen behind')[0] & 0b10).toBe(0b10)
    d.until(1, 'acknowledge')
    expect(d.words('tlb_gen behind')[0] & 0b10).toBe(0)
  })
})

describe('kernel work that no workload needs', () => {
  it('is left out, steps and all', () => {
    const d = operations([[munmap()], []])
    d.until(0, 'send IPI').go('interrupt cpu1 call-function')
    d.finish(1)
    d.finish(0)
    expect([...d.done(0), ...d.done(1)].filter((op) => ['load', 'or', 'and'].includes(op))).toEqual([])
    expect(d.words('tlb_gen behind')).toEqual([0])
  })
})
