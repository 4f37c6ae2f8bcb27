/**
 * Freeing of page-table pages by RCU, as mm/mmu_gather.c has done it on x86 since 9e52fc2b50de: tables go into a batch
 * that is freed after a grace period. The page that holds the batch may be unavailable; then everybody is made to
 * answer an IPI first (tlb_remove_table_sync_one).
 */
import type { Code } from '../engine/step.ts'
import type { Cpu } from '../guest/cpu.ts'

/** tlb_remove_table: by RCU if the batch page can be had, otherwise by IPI. */
export function* removeTable<S>(cpu: Cpu<S>, table: number): Code {
  if (yield* cpu.tryAllocate()) return yield* cpu.rcuFree(table)
  yield* cpu.syncByIpi(cpu.others())
  yield* cpu.freeTableNow(table)
}
