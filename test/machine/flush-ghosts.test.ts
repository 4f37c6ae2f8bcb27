import { describe, expect, it } from 'vitest'
import { perform } from '../../src/engine/step.ts'
import { CONDEMNED, VALID } from '../../src/machine/cached.ts'
import type { MachineConfig } from '../../src/machine/config.ts'
import { P, RW, US, entry } from '../../src/machine/entry.ts'
import { FLUSH_BEGINS, FLUSH_DONE } from '../../src/machine/flush-ghosts.ts'
import { PUT } from '../../src/machine/frames.ts'
import { CLEAR_ENTRY, REVOKE_ENTRY, SET_ENTRY, place } from '../../src/machine/tables.ts'
import { program, programs, type Drive, type Program, type Setup } from './drive.ts'

const setup = { machine: { pages: [2, 3] } } satisfies Setup
const named = program(function* () {}, setup)
const [PMD, T1, P3] = ['PMD', 'T1', 'P3'].map((name) => named.frame(name))

/** Unhooks page 2; begins a flush of it; completes that flush. `sti` keeps the three transitions apart. */
const unhook: Program = () => perform(CLEAR_ENTRY, T1, place(1, 2))
const protect: Program = () => perform(REVOKE_ENTRY, T1, place(1, 2), RW)
const begin = (mask = 1): Program =>
  function* (cpu) {
    yield* cpu.sti()
    yield* perform(FLUSH_BEGINS, mask, 0)
  }
const done: Program = function* (cpu) {
  yield* cpu.sti()
  yield* perform(FLUSH_DONE)
}
const inOrder = (...codes: Program[]): Program =>
  function* (cpu) {
    for (const code of codes) yield* code(cpu)
  }
const access =
  (page: number, kind: 'read' | 'write' = 'read'): Program =>
  (cpu) =>
    cpu.access(page, kind)

/** CPU0 changes tables and flushes nobody; CPU1 has done its first access, and does its others later. */
function race(
  changes: readonly Program[],
  accesses: readonly Program[],
  machine: Partial<MachineConfig> = {},
): Drive {
  const d = programs([inOrder(...changes), inOrder(...accesses)], {
    machine: { ...setup.machine, ...machine },
  })
  return d.until(1, 'access')
}
const condemned = (word: number): boolean => (word & VALID) !== 0 && (word & CONDEMNED) !== 0

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

describe('an access in flight', () => {
  it('that has its translation already is in time until the flush completes, and too late afterwards', () => {
    const inFlight = (flush: readonly string[]): Drive => {
      const d = programs([inOrder(unhook, begin(), done), access(2)], setup)
      d.times(2, 'cpu1').go(...flush)
      d.finish(1)
      return d
    }
    expect(inFlight(['cpu0', 'cpu0']).violation).toBeUndefined()
    expect(inFlight(['cpu0', 'cpu0', 'cpu0']).violation).toBe('stale-translation')
  })

  it('that is still in a table which was unhooked is too late as well', () => {
    const unhookTable: Program = () => perform(CLEAR_ENTRY, PMD, place(2, 2))
    const d = programs([inOrder(unhookTable, begin(0b11), done), access(2)], setup)
    d.go('cpu1')
    d.finish(0)
    d.finish(1)
    expect(d.violation).toBe('stale-translation')
  })

  it('that finds the hole in the old table faults, which is legal', () => {
    const unhookTable: Program = () => perform(CLEAR_ENTRY, PMD, place(2, 2))
    const d = programs([inOrder(unhook, unhookTable, begin(0b11), done), access(2)], setup)
    d.go('cpu1')
    d.finish(0)
    d.finish(1)
    expect(d.seen.at(-1)).toMatchObject({ cpu: 1, op: 'access', result: 1 })
    expect(d.violation).toBeUndefined()
  })

  it('sets A in a table that is unhooked and not freed, which is legal', () => {
    const unhookTable: Program = () => perform(CLEAR_ENTRY, PMD, place(2, 2))
    const d = programs([unhookTable, access(2)], setup)
    d.go('cpu1', 'cpu0')
    d.finish(1)
    expect(d.violation).toBeUndefined()
  })
})

describe('write protection', () => {
  it('forbids stores through an old translation after its flush, and loads never', () => {
    const after = (kind: 'read' | 'write'): string | undefined => {
      const d = race([protect, begin(), done], [access(2, 'write'), access(2, kind)])
      d.finish(0)
      d.finish(1)
      return d.violation
    }
    expect(after('write')).toBe('write-protection')
    expect(after('read')).toBeUndefined()
  })

  it('does not condemn what was read-only before', () => {
    const d = race([unhook, begin(), done], [access(2)])
    d.finish(0)
    const readOnly = race([protect, begin(), done], [access(2)])
    readOnly.S[readOnly.tlbAt(1, 2)] &= ~2
    readOnly.finish(0)
    expect([condemned(d.tlb(1, 2)), condemned(readOnly.tlb(1, 2))]).toEqual([true, false])
  })

  it('of an upper entry counts for all that is below it', () => {
    const protectTable: Program = () => perform(REVOKE_ENTRY, PMD, place(2, 2), RW)
    const d = race([protectTable, begin(0b11), done], [access(3, 'write'), access(3, 'write')])
    d.finish(0)
    d.finish(1)
    expect(d.violation).toBe('write-protection')
  })

  it('is not violated by a store that was done between beginning and completion', () => {
    const d = race([protect, begin(), done], [access(2, 'write'), access(2, 'write')])
    d.times(2, 'cpu0')
    d.finish(1)
    d.finish(0)
    expect(d.violation).toBeUndefined()
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
    expect([...d.S.subarray(d.m.tlb, d.m.cachedEnd)].every((word) => (word & d.m.cached.ghosts) === 0)).toBe(
      true,
    )
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
