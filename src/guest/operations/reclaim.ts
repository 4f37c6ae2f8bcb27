/**
 * Reclaim of one page, and of its table when that was the last entry: the page is unmapped and flushed on its own,
 * then the empty table is unhooked and flushed once more, because an empty table that is still linked may have got
 * into a paging-structure cache after the first flush. mm/rmap.c (try_to_unmap_one), mm/memory.c (CONFIG_PT_RECLAIM).
 */
import { perform, type Code } from '../../engine/step.ts'
import { PUT } from '../../machine/frames.ts'
import { CLEAR_ENTRY, FIND_TABLE, IS_EMPTY, place } from '../../machine/table-ops.ts'
import type { Cpu } from '../cpu.ts'
import { flushTlbRange, requestFor } from '../flush.ts'
import { pageMask } from '../request.ts'

export function* reclaim(cpu: Cpu, page: number, space: number): Code {
  const pages = pageMask(cpu.config, page)
  yield* cpu.lock(cpu.kernel.lock[space])
  const table = yield* perform(FIND_TABLE, space, place(1, page))
  if (table !== 0) {
    const gathered = yield* cpu.policy.gather(cpu, requestFor(cpu, space, pages, {}))
    const frame = yield* perform(CLEAR_ENTRY, table, place(1, page))
    if (frame !== 0) {
      yield* flushTlbRange(cpu, space, pages, {}, gathered)
      yield* perform(PUT, frame)
      if ((yield* perform(IS_EMPTY, table)) === 1) {
        const above = yield* perform(FIND_TABLE, space, place(2, page))
        yield* perform(CLEAR_ENTRY, above, place(2, page))
        yield* flushTlbRange(cpu, space, pages, { freedTables: true, changedLevel: 2 }, gathered)
        yield* cpu.policy.freeTable(cpu, table, gathered)
      }
    }
    yield* cpu.policy.finish(cpu, gathered)
  }
  yield* cpu.unlock(cpu.kernel.lock[space])
}
