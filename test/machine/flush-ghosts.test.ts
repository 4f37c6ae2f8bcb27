import { describe, expect, it } from 'vitest'
import { perform } from '../../src/engine/step.ts'
import { CONDEMNED, VALID } from '../../src/machine/cached.ts'
import { P, RW, US, entry } from '../../src/machine/entry.ts'
import { PUT } from '../../src/machine/frames.ts'
import { CLEAR_ENTRY, SET_ENTRY, place } from '../../src/machine/table-ops.ts'
import { program, programs, type Program } from './drive.ts'
import {
  PMD,
  P3,
  T1,
  access,
  begin,
  condemned,
  done,
  inOrder,
  named,
  race,
  setup,
  unhook,
} from './flushing.ts'

describe('an old translation', () => {
  it('may be used while it is unhooked and no flush was asked for', () => {
    const d = race([unhook], [access(2), access(2)])
    d.finish(0)
    d.finish(1)
    expect(d.violation).toBeUndefined()
  })

  it('may be used between the beginning of the flush and its completion', () => {
    const d = race([unhook, begin(), done], [access(2), access(2), access(2)])
    d.times(2, 'cpu0').until(1, 'access')
    expect(d.violation).toBeUndefined()
    d.finish(0)
    d.until(1, 'access')
    expect(d.violation).toBe('stale-translation')
  })

  it('may stay for ever after the flush: only its use is reported', () => {
    const d = race([unhook, begin(), done], [access(2), access(3)])
    d.finish(0)
    expect(condemned(d.tlb(1, 2))).toBe(true)
    expect(d.violation).toBeUndefined()
    d.finish(1)
    expect(condemned(d.tlb(1, 2))).toBe(true)
    expect(d.violation).toBeUndefined()
  })

  it('is reported with who used what', () => {
    const d = race([unhook, begin(), done], [access(2), access(2)])
    d.finish(0)
    d.finish(1)
    expect(d.world.violation!.explanation).toBe(
      'CPU1: the access uses an old translation to P2 although the flush that covers it has completed',
    )
  })

  it('is harmless once it is dropped, by whatever', () => {
    const drops: Program[] = [(cpu) => cpu.invlpg(1), (cpu) => cpu.loadCr3(0)]
    for (const drop of drops) {
      const d = race([unhook, begin(), done], [access(2), drop, access(2)])
      d.finish(0)
      d.finish(1)
      expect(d.violation).toBeUndefined()
      expect(d.done(1).at(-1)).toBe('access')
    }
  })

  it('is harmless once it is evicted', () => {
    const d = race([unhook, begin(), done], [access(2), access(2)], { eviction: true })
    d.finish(0)
    d.go('evict cpu1 tlb page 2')
    d.finish(1)
    expect(d.violation).toBeUndefined()
  })

  it('of a page that the flush does not cover is nobody’s business', () => {
    const d = race([unhook, begin(0b10), done], [access(2), access(2)])
    d.finish(0)
    d.finish(1)
    expect(d.violation).toBeUndefined()
  })

  it('that the tables agree with again is as good as new', () => {
    const remap: Program = () => perform(SET_ENTRY, T1, place(1, 2), named.entry(1, 2))
    const d = race([unhook, begin(), done, remap], [access(2), access(2)])
    d.finish(0)
    expect(condemned(d.tlb(1, 2))).toBe(true)
    d.finish(1)
    expect(d.violation).toBeUndefined()
  })

  it('is stale where the address maps to another frame by now', () => {
    const move: Program = () => perform(SET_ENTRY, T1, place(1, 2), entry(P3, P | RW | US))
    const d = race([move, begin(), done], [access(2), access(2)])
    d.finish(0)
    d.finish(1)
    expect(d.violation).toBe('stale-translation')
  })
})

describe('a translation that is cached again', () => {
  it('after the flush began, from what memory says now, is not condemned by it', () => {
    const remap: Program = () => perform(SET_ENTRY, T1, place(1, 2), entry(P3, P | RW | US))
    const d = race([unhook, begin(), remap, done], [access(2), (cpu) => cpu.invlpg(1), access(2), access(2)])
    d.times(3, 'cpu0').until(1, 'access')
    d.finish(0)
    expect(d.tlb(1, 2) & (VALID | CONDEMNED)).toBe(VALID)
    d.finish(1)
    expect(d.violation).toBeUndefined()
  })

  it('and is contradicted by a later change of somebody else, is not blamed on a slow flush', () => {
    const remap: Program = () => perform(SET_ENTRY, T1, place(1, 2), named.entry(1, 2))
    const d = race(
      [unhook, begin(), remap, unhook, done],
      [access(2), (cpu) => cpu.invlpg(1), access(2), access(2)],
    )
    d.times(3, 'cpu0').until(1, 'access')
    d.finish(0)
    // The second unhooking has no flush of its own yet.
    d.finish(1)
    expect(d.violation).toBeUndefined()
  })

  it('through an old table is as old as the table', () => {
    const unhookTable: Program = () => perform(CLEAR_ENTRY, PMD, place(2, 2))
    const d = race([unhookTable, begin(0b11), done], [access(2), access(3)])
    d.finish(0)
    expect(condemned(d.structure(1, 1, 3))).toBe(true)
    d.finish(1)
    expect(condemned(d.tlb(1, 3))).toBe(true)
    expect(d.violation).toBe('stale-translation')
  })
})

describe('what a flush covers', () => {
  const machine = { pages: [0, 2, 3] }
  const wide = program(function* () {}, { machine })

  it('are the paths to its pages: an old path to another page is not condemned by it', () => {
    const unhookTable: Program = () => perform(CLEAR_ENTRY, wide.frame('PMD'), place(2, 2))
    const d = race([unhookTable, begin(0b001), done], [access(2)], machine)
    d.finish(0)
    expect(d.structure(1, 1, 2) & (VALID | CONDEMNED)).toBe(VALID)
    const covered = race([unhookTable, begin(0b010), done], [access(2)], machine)
    covered.finish(0)
    expect(condemned(covered.structure(1, 1, 2))).toBe(true)
  })

  it('are all levels of a path: what is cached on the way through an old table is as old', () => {
    const deep = program(function* () {}, { machine: { levels: 3, pages: [0, 1] } })
    const unhookUpper: Program = () => perform(CLEAR_ENTRY, deep.frame('PUD'), place(3, 0))
    const d = programs([inOrder(unhookUpper, begin(0b11), done), access(0)], {
      machine: { levels: 3, pages: [0, 1] },
    })
    // The walk has read the root only: two tables are still before it.
    d.go('cpu1')
    d.finish(0)
    d.go('cpu1')
    expect(condemned(d.structure(1, 1, 0))).toBe(true)
    d.finish(1)
    expect(d.violation).toBe('stale-translation')
  })
})

describe('flushes of several CPUs at once', () => {
  it('each condemn what they found, when they complete themselves', () => {
    const second: Program = () => perform(CLEAR_ENTRY, T1, place(1, 3))
    const d = programs(
      [inOrder(unhook, begin(0b01), done), inOrder(second, begin(0b10), done), inOrder(access(2), access(3))],
      setup,
    )
    d.until(2, 'access', 2)
    d.times(2, 'cpu0')
    d.times(2, 'cpu1')
    d.finish(1)
    expect([2, 3].map((page) => condemned(d.tlb(2, page)))).toEqual([false, true])
    d.finish(0)
    expect([2, 3].map((page) => condemned(d.tlb(2, page)))).toEqual([true, true])
  })

  it('leave none of their own marks on what they have condemned', () => {
    const d = race([unhook, begin(), done], [access(2)])
    d.times(2, 'cpu0')
    const marks = (): number => d.tlb(1, 2) & d.m.cached.dueMask
    expect(marks()).toBe(d.m.cached.due(0))
    d.finish(0)
    expect([condemned(d.tlb(1, 2)), marks()]).toEqual([true, 0])
  })

  it('leave no marks behind that would keep equal states apart', () => {
    const d = race([unhook, begin(), done], [access(2), (cpu) => cpu.invlpg(1)])
    d.finish(0)
    d.finish(1)
    expect(
      [...d.S.subarray(d.m.caches.tlb, d.m.caches.end)].every((word) => (word & d.m.cached.ghosts) === 0),
    ).toBe(true)
  })
})

describe('the twin of silence', () => {
  it('is that somebody did cache the old translation when the flush began', () => {
    const cold = programs([inOrder(unhook, begin(), done)], { machine: { ...setup.machine, vcpus: 2 } })
    cold.finish(0)
    expect(cold.world.witnessed).not.toContain('stale-at-flush')
    const warm = race([unhook, begin(), done], [access(2)])
    warm.finish(0)
    expect(warm.world.witnessed).toContain('stale-at-flush')
  })

  it('is reached with a free frame too: the first thing that is wrong is the use', () => {
    const d = race([unhook, begin(), done, () => perform(PUT, named.frame('P2'))], [access(2), access(2)])
    d.finish(0)
    expect(d.violation).toBeUndefined()
    d.finish(1)
    expect(d.violation).toBe('frame-lifetime')
  })
})
