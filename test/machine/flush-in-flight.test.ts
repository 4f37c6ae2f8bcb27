import { describe, expect, it } from 'vitest'
import { perform } from '../../src/engine/step.ts'
import { RW } from '../../src/machine/entry.ts'
import { CLEAR_ENTRY, REVOKE_ENTRY, place } from '../../src/machine/table-ops.ts'
import { programs, type Drive, type Program } from './drive.ts'
import { PMD, access, begin, condemned, done, inOrder, protect, race, setup, unhook } from './flushing.ts'

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
