/**
 * munmap of one page: unhook, flush, then free, for the page and, when its last entry goes, for the table and for
 * every table above it that empties. mm/memory.c (zap_pte_range, free_pgtables) and mm/mmu_gather.c
 * (tlb_flush_mmu: tables are handed on before pages).
 */
import { perform, type Code } from '../../engine/step.ts'
import { PUT } from '../../machine/frames.ts'
import { CLEAR_ENTRY, FIND_TABLE, IS_EMPTY, place } from '../../machine/table-ops.ts'
import type { Cpu } from '../cpu.ts'
import { flushTlbRange, requestFor } from '../flush.ts'
import { pageMask } from '../request.ts'

export function* munmap(cpu: Cpu, page: number, space: number): Code {
  const { levels } = cpu.config
  const pages = pageMask(cpu.config, page)
  yield* cpu.lock(cpu.kernel.lock[space])
  const table = yield* perform(FIND_TABLE, space, place(1, page))
  if (table !== 0) {
    const gathered = yield* cpu.policy.gather(cpu, requestFor(cpu, space, pages, { freedTables: true }))
    const frame = yield* perform(CLEAR_ENTRY, table, place(1, page))
    const emptied: number[] = []
    if (frame !== 0) {
      for (
        let below = table, level = 2;
        level <= levels && (yield* perform(IS_EMPTY, below)) === 1;
        level++
      ) {
        const above = yield* perform(FIND_TABLE, space, place(level, page))
        yield* perform(CLEAR_ENTRY, above, place(level, page))
        emptied.push(below)
        below = above
      }
      const kind = { freedTables: emptied.length > 0, changedLevel: emptied.length + 1 }
      yield* flushTlbRange(cpu, space, pages, kind, gathered)
      for (const empty of emptied) yield* cpu.policy.freeTable(cpu, empty, gathered)
      yield* perform(PUT, frame)
    }
    yield* cpu.policy.finish(cpu, gathered)
  }
  yield* cpu.unlock(cpu.kernel.lock[space])
}
