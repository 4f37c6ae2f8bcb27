/**
 * get_user_pages_fast of one page: interrupts off, a walk without locks, a reference unless the page has none left, a
 * re-check, interrupts on; then the caller is done with the page. The re-check is of the PTE alone as in 2017, or of
 * the PMD as well as since 70cbc3cc78a9 (2022). mm/gup.c (gup_fast, gup_fast_pte_range).
 */
import { perform, type Code } from '../../engine/step.ts'
import { frameOf, isLarge, isPresent } from '../../machine/entry.ts'
import { CONFIRM_PIN, PUT, RELEASE_PIN, TRY_GET } from '../../machine/frames.ts'
import { FORGET_TABLES, READ_ENTRY, SAME_ENTRY, place } from '../../machine/table-ops.ts'
import type { Cpu } from '../cpu.ts'
import { rootOf } from './root.ts'

/** An entry as the walk read it, and where. */
interface Seen {
  readonly table: number
  readonly level: number
  readonly word: number
}

export function* gupFast(cpu: Cpu, page: number, space: number): Code {
  yield* cpu.cli()
  const path = yield* walk(cpu, page, space)
  const leaf = path.at(-1)!
  const pinned = isPresent(leaf.word) && (yield* pin(cpu, page, path))
  yield* perform(FORGET_TABLES)
  yield* cpu.sti()
  if (pinned) yield* perform(RELEASE_PIN, frameOf(leaf.word))
}

/** Reads one entry a level until a leaf or a hole; the next table comes from the value read, not from memory again. */
function* walk(cpu: Cpu, page: number, space: number): Code<Seen[]> {
  const path: Seen[] = []
  let table = rootOf(cpu.config, space)
  for (let level = cpu.config.levels; ; level--) {
    const word = yield* perform(READ_ENTRY, table, place(level, page))
    path.push({ table, level, word })
    if (level === 1 || !isPresent(word) || isLarge(word)) return path
    table = frameOf(word)
  }
}

function* pin(cpu: Cpu, page: number, path: readonly Seen[]): Code<boolean> {
  const leaf = path.at(-1)!
  const frame = frameOf(leaf.word)
  if ((yield* perform(TRY_GET, frame)) === 0) return false
  const pmd = cpu.features.gupRecheck === 'pmd' && leaf.level === 1 ? path.slice(-2) : path.slice(-1)
  for (const { table, level, word } of pmd) {
    if ((yield* perform(SAME_ENTRY, table, place(level, page), word)) === 0) {
      yield* perform(PUT, frame)
      return false
    }
  }
  yield* perform(CONFIRM_PIN, frame)
  return true
}
