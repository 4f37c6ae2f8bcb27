/**
 * mmu_gather: what is unmapped is collected, the policy flushes once for all of it, and only then are tables and pages
 * handed on, tables first. A full batch flushes early. Where the caller keeps tlb_flush_pending, a gather that finds
 * another one under way flushes everything, because the other may have cleared entries that it has not flushed yet.
 * Left out: delayed removal from the reverse map, several page sizes in one batch, fullmm. include/asm-generic/tlb.h,
 * mm/mmu_gather.c.
 */
import { perform, type Code } from '../engine/step.ts'
import { PUT } from '../machine/frames.ts'
import { CLEAR_ENTRY, FIND_TABLE, IS_EMPTY, place } from '../machine/table-ops.ts'
import type { Word } from '../machine/word.ts'
import type { AnyCpu } from './cpu.ts'
import { flushTlbRange, requestFor } from './flush.ts'
import { pageMask } from './request.ts'

export interface GatherOptions {
  /** Pages and tables that fit into a batch. Default 8. */
  readonly batch?: number
  /** The mm's tlb_flush_pending, if the policy keeps it: how many gathers are under way. */
  readonly pending?: Word
}

export class MmuGather {
  private readonly cpu: AnyCpu
  private readonly space: number
  private readonly options: GatherOptions
  private gathered = 0
  /** Mask of the pages whose entries were cleared and not flushed yet. */
  private cleared = 0
  private tables: number[] = []
  private pages: number[] = []

  private constructor(cpu: AnyCpu, space: number, options: GatherOptions) {
    this.cpu = cpu
    this.space = space
    this.options = options
  }

  /** tlb_gather_mmu: to be called before any entry is cleared. */
  static *begin(cpu: AnyCpu, space: number, options: GatherOptions = {}): Code<MmuGather> {
    const gather = new MmuGather(cpu, space, options)
    if (options.pending !== undefined) yield* cpu.fetchAdd(options.pending, 1)
    gather.gathered = yield* cpu.policy.gather(
      cpu,
      requestFor(cpu, space, gather.everything, { freedTables: true }),
    )
    return gather
  }

  /** Clears the entry of a page and queues what it mapped; under the page-table lock. True if it was mapped. */
  *zap(page: number): Code<boolean> {
    const table = yield* perform(FIND_TABLE, this.space, place(1, page))
    const frame = table === 0 ? 0 : yield* perform(CLEAR_ENTRY, table, place(1, page))
    if (frame !== 0) yield* this.removePage(frame, page)
    return frame !== 0
  }

  /** Unhooks the tables of a page that have become empty, from the lowest up, and queues them (free_pgtables). */
  *freeTables(page: number): Code {
    for (let level = 1; level < this.cpu.config.levels; level++) {
      const table = yield* perform(FIND_TABLE, this.space, place(level, page))
      if (table === 0) continue
      if ((yield* perform(IS_EMPTY, table)) === 0) return
      const above = yield* perform(FIND_TABLE, this.space, place(level + 1, page))
      yield* perform(CLEAR_ENTRY, above, place(level + 1, page))
      yield* this.removeTable(table, page)
    }
  }

  /** Notes that the entry of a page was changed (tlb_remove_tlb_entry). */
  removeEntry(page: number): void {
    this.cleared |= pageMask(this.cpu.config, page)
  }

  /** Queues a page whose entry was cleared: a reference to it is dropped after the flush (tlb_remove_page). */
  *removePage(frame: number, page: number): Code {
    this.removeEntry(page)
    this.pages.push(frame)
    yield* this.flushIfFull()
  }

  /** Queues a table that was unhooked (pte_free_tlb); `page` is one that it mapped. */
  *removeTable(table: number, page: number): Code {
    this.removeEntry(page)
    this.tables.push(table)
    yield* this.flushIfFull()
  }

  private *flushIfFull(): Code {
    if (this.pages.length + this.tables.length >= (this.options.batch ?? 8)) yield* this.flush()
  }

  /** Flushes what was cleared, if anything was, and leaves the batch (tlb_flush_mmu_tlbonly). */
  *flushTlbOnly(): Code {
    if (this.cleared === 0) return
    const freedTables = this.tables.length > 0
    yield* flushTlbRange(this.cpu, this.space, this.cleared, { freedTables }, this.gathered)
    this.cleared = 0
  }

  /** Flushes, then hands on tables and pages (tlb_flush_mmu). */
  *flush(): Code {
    yield* this.flushTlbOnly()
    const { tables, pages } = this
    this.tables = []
    this.pages = []
    for (const table of tables) yield* this.cpu.policy.freeTable(this.cpu, table, this.gathered)
    for (const page of pages) yield* perform(PUT, page)
  }

  /** The end of the gather (tlb_finish_mmu). */
  *finish(): Code {
    const { cpu, options } = this
    const nested = options.pending !== undefined && (yield* cpu.load(options.pending)) > 1
    if (nested) {
      this.cleared = 0
      yield* flushTlbRange(cpu, this.space, this.everything, { freedTables: true }, this.gathered)
    }
    yield* this.flush()
    yield* cpu.policy.finish(cpu, this.gathered)
    if (options.pending !== undefined) yield* cpu.fetchAdd(options.pending, -1)
  }

  private get everything(): number {
    return 2 ** this.cpu.config.pages.length - 1
  }
}
