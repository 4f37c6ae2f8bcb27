/**
 * THP collapse of the region that a table maps: the table is unhooked and flushed, each page is copied if nobody but
 * the mapping refers to it, the large page is installed, and the retracted table is given back. No table looks freed
 * to mmu_gather here. mm/khugepaged.c (collapse_huge_page, retract_page_tables).
 */
import { perform, type Code } from '../../engine/step.ts'
import { A, D, P, PS, RW, US, entry, frameOf } from '../../machine/entry.ts'
import { ALLOCATE, COPY, IS_UNPINNED, PUT } from '../../machine/frames.ts'
import { CLEAR_ENTRY, FIND_TABLE, IS_FULL, PEEK_ENTRY, SET_ENTRY, place } from '../../machine/table-ops.ts'
import type { Cpu } from '../cpu.ts'
import { flushTlbRange, requestFor } from '../flush.ts'
import { pageMask } from '../request.ts'
import { geometryOf } from './root.ts'

export function* collapse(cpu: Cpu, page: number, space: number): Code {
  const { config } = cpu
  const geometry = geometryOf(config)
  const first = geometry.base(page, 1)
  const region = Array.from({ length: config.entries }, (_, i) => first + i)
  const pages = region.reduce((mask, p) => mask | pageMask(config, p), 0)
  const huge = geometry.huge.find((info) => info.space === space && info.page === first)!.frame
  yield* cpu.lock(cpu.kernel.lock[space])
  const table = yield* perform(FIND_TABLE, space, place(1, page))
  if (table !== 0 && (yield* perform(IS_FULL, table)) === 1 && (yield* perform(ALLOCATE, huge)) === 1) {
    const gathered = yield* cpu.policy.gather(cpu, requestFor(cpu, space, pages, { collapse: true }))
    const above = yield* perform(FIND_TABLE, space, place(2, page))
    const old = yield* perform(PEEK_ENTRY, above, place(2, page))
    yield* perform(CLEAR_ENTRY, above, place(2, page))
    yield* flushTlbRange(cpu, space, pages, { collapse: true, changedLevel: 2 }, gathered)
    const rights = yield* isolate(table, region)
    if (rights !== undefined) {
      for (const small of region) {
        const frame = yield* perform(CLEAR_ENTRY, table, place(1, small))
        yield* perform(COPY, huge, frame)
        yield* perform(PUT, frame)
      }
      yield* perform(SET_ENTRY, above, place(2, page), entry(huge, P | rights | A | D | PS))
      yield* cpu.policy.freeTable(cpu, table, gathered)
    } else {
      yield* perform(SET_ENTRY, above, place(2, page), old)
      yield* perform(PUT, huge)
    }
    yield* cpu.policy.finish(cpu, gathered)
  }
  yield* cpu.unlock(cpu.kernel.lock[space])
}

/** The rights that all pages of the region have, if nobody but the mapping refers to any of them. */
function* isolate(table: number, region: readonly number[]): Code<number | undefined> {
  let rights = RW | US
  for (const small of region) {
    const word = yield* perform(PEEK_ENTRY, table, place(1, small))
    if ((yield* perform(IS_UNPINNED, frameOf(word))) === 0) return undefined
    rights &= word
  }
  return rights
}
