/** What the page tables say at this moment, according to memory; no step of anybody. */
import { P, RW, frameOf, isLarge, isPresent } from './entry.ts'
import type { Machine } from './machine.ts'

/**
 * The table of `level` that translates `page` in `space` now, or 0: according to memory, or as `viewer` sees it, whose
 * own stores may not have reached memory yet.
 */
export function tableFor(m: Machine, space: number, level: number, page: number, viewer = -1): number {
  let table = m.geometry.roots[space]
  for (let at = m.config.levels; at > level; at--) {
    const entry = m.entryAt(table, at, page)
    const word = viewer < 0 ? m.S[entry] : m.buffer.read(viewer, entry)
    if (!isPresent(word) || isLarge(word)) return 0
    table = frameOf(word)
  }
  return table
}

/** What memory says of `page` now: the leaf entry with R/W accumulated over all levels, or 0 where nothing is mapped. */
export function translationNow(m: Machine, space: number, page: number): number {
  let table = m.geometry.roots[space]
  let rights = RW
  for (let level = m.config.levels; ; level--) {
    const word = m.S[m.entryAt(table, level, page)]
    if (!isPresent(word)) return 0
    rights &= word
    if (level === 1 || isLarge(word)) return (word & ~RW) | rights | P
    table = frameOf(word)
  }
}

/** True if `table` lies on the path that memory gives for `page` now. */
export function isOnPath(m: Machine, space: number, page: number, table: number): boolean {
  let at = m.geometry.roots[space]
  for (let level = m.config.levels; ; level--) {
    if (at === table) return true
    const word = m.S[m.entryAt(at, level, page)]
    if (level === 1 || !isPresent(word) || isLarge(word)) return false
    at = frameOf(word)
  }
}
