/**
 * An address space as kernel code handles it, for operations that a policy brings along: the lock, entries found by
 * page and level, references of pages, and the flush that generic code does around the policy's own. Entries are
 * changed under the lock, with the operations that built-in paths use, so that ghosts and witnesses see them.
 */
import { fail } from '../errors.ts'
import { perform, type Code } from '../engine/step.ts'
import { ALLOCATE, PUT, TRY_GET } from '../machine/frames.ts'
import {
  CLEAR_ENTRY,
  FIND_TABLE,
  IS_EMPTY,
  PEEK_ENTRY,
  REVOKE_ENTRY,
  SET_ENTRY,
  place,
} from '../machine/table-ops.ts'
import type { Cpu } from './cpu.ts'
import { flushTlbRange } from './flush.ts'
import { pageMask, type FlushKind } from './request.ts'

export class Mm {
  /** Number of the space. */
  readonly space: number
  private readonly cpu: Cpu

  constructor(cpu: Cpu, space: number) {
    if (!(space >= 0 && space < cpu.config.spaces))
      throw fail.badConfig('space of mm', space, `0 to ${cpu.config.spaces - 1}`)
    this.cpu = cpu
    this.space = space
  }

  /** Acquires mmap_lock and the page-table locks, which are one lock here. */
  lock(): Code {
    return this.cpu.lock(this.cpu.kernel.lock[this.space])
  }

  unlock(): Code {
    return this.cpu.unlock(this.cpu.kernel.lock[this.space])
  }

  /** The table of a level (1 = PTE table) that translates a page now, or 0. */
  *findTable(level: number, page: number): Code<number> {
    return yield* perform(FIND_TABLE, this.space, place(level, page))
  }

  /** True if no entry of a table is present. */
  *isEmpty(table: number): Code<boolean> {
    return (yield* perform(IS_EMPTY, table)) === 1
  }

  /** The entry of a level (1 = PTE) that translates a page; 0 if it is none, or there is no table for it. */
  *readEntry(level: number, page: number): Code<number> {
    const table = yield* this.findTable(level, page)
    return table === 0 ? 0 : yield* perform(PEEK_ENTRY, table, place(level, page))
  }

  /** Stores an entry: `entry(frame, P | RW | US)`. Returns false if there is no table for it. */
  *setEntry(level: number, page: number, value: number): Code<boolean> {
    const table = yield* this.findTable(level, page)
    if (table !== 0) yield* perform(SET_ENTRY, table, place(level, page), value)
    return table !== 0
  }

  /** Clears an entry with a locked exchange (ptep_get_and_clear); returns the page or table that it led to, or 0. */
  *clearEntry(level: number, page: number): Code<number> {
    const table = yield* this.findTable(level, page)
    return table === 0 ? 0 : yield* perform(CLEAR_ENTRY, table, place(level, page))
  }

  /** Clears flags of an entry with a locked operation; returns whether one of them was set. */
  *clearFlags(level: number, page: number, flags: number): Code<boolean> {
    const table = yield* this.findTable(level, page)
    return table !== 0 && (yield* perform(REVOKE_ENTRY, table, place(level, page), flags)) === 1
  }

  /**
   * Flushes pages of which the tables have changed: flush_tlb_mm_range, with the policy's `flush` at its heart, which is
   * handed 0 as what was gathered.
   */
  *flush(pages: readonly number[], kind: FlushKind = {}): Code {
    const { config } = this.cpu
    const wrong = pages.find((page) => !config.pages.includes(page))
    if (wrong !== undefined) throw fail.badConfig('page of flush', wrong, `one of ${config.pages.join(', ')}`)
    const mask = pages.reduce((all, page) => all | pageMask(config, page), 0)
    yield* flushTlbRange(this.cpu, this.space, mask, kind, 0)
  }

  /** The pages that the table of `page` maps. */
  region(page: number): number[] {
    const { entries } = this.cpu.config
    return Array.from({ length: entries }, (_, i) => page - (page % entries) + i)
  }

  /** Gives a page-table page back as the policy does it. */
  *freeTable(table: number): Code {
    yield* this.cpu.policy.freeTable(this.cpu, table, 0)
  }

  /** Takes a reference of a page unless there is none left (folio_try_get). */
  *tryGet(frame: number): Code<boolean> {
    return (yield* perform(TRY_GET, frame)) === 1
  }

  /** Drops a reference of a page; the last one gives it back (folio_put). */
  *put(frame: number): Code {
    yield* perform(PUT, frame)
  }

  /** Takes a particular free frame as a page; returns whether it was free. */
  *allocate(frame: number): Code<boolean> {
    return (yield* perform(ALLOCATE, frame)) === 1
  }
}
