/**
 * mprotect(PROT_READ) of one page: R/W is removed with a locked operation, so that a D flag that hardware sets
 * meanwhile is not lost, then flushed. mm/mprotect.c (change_pte_range).
 */
import { perform, type Code } from '../../engine/step.ts'
import { RW } from '../../machine/entry.ts'
import { FIND_TABLE, REVOKE_ENTRY, place } from '../../machine/table-ops.ts'
import type { Cpu } from '../cpu.ts'
import { flushTlbRange, requestFor } from '../flush.ts'
import { pageMask } from '../request.ts'

export function* mprotect(cpu: Cpu, page: number, space: number): Code {
  const pages = pageMask(cpu.config, page)
  yield* cpu.lock(cpu.kernel.lock[space])
  const table = yield* perform(FIND_TABLE, space, place(1, page))
  if (table !== 0) {
    const gathered = yield* cpu.policy.gather(cpu, requestFor(cpu, space, pages, {}))
    if ((yield* perform(REVOKE_ENTRY, table, place(1, page), RW)) === 1) {
      yield* flushTlbRange(cpu, space, pages, {}, gathered)
    }
    yield* cpu.policy.finish(cpu, gathered)
  }
  yield* cpu.unlock(cpu.kernel.lock[space])
}
