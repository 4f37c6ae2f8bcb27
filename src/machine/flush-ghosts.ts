/**
 * Ghost bookkeeping of flushes. When a flush begins, every cached translation in its range that the tables contradict
 * is marked as due to this requester; when the flush completes, what still carries the mark is condemned: it may stay
 * for ever, but may not be used. A translation cached after the beginning carries no mark, so that a slow flush is not
 * blamed for a later change by somebody else. Marks are dropped with the entry, and nothing here grows.
 */
import { defineOp } from '../engine/step.ts'
import { CACHED_W, CONDEMNED, VALID } from './cached.ts'
import { frameOf, isWritable } from './entry.ts'
import type { Machine } from './machine.ts'
import { firstPage } from './pdpte.ts'
import { isOnPath, tableFor, translationNow } from './translation.ts'

/** A flush of the pages in mask `a` of space `b` begins: the tables were changed before. */
export const FLUSH_BEGINS = defineOp('flush begins', 1, undefined, 'left')
/** That flush has returned. */
export const FLUSH_DONE = defineOp('flush done', 1, undefined, 'left')

export function installFlushGhosts(m: Machine): void {
  const { config, cached, caches } = m
  const { vcpus, pages, levels } = config
  /** What each slot of the structure caches leads to: a table of a level, and the pages under it, one bit each. */
  const below: { level: number; page: number; slot: number; under: number }[] = []
  for (const page of pages) {
    for (let level = 1; level < config.levels; level++) {
      const slot = caches.structureSlot(level, page)
      if (slot < 0 || below.some((other) => other.slot === slot)) continue
      below.push({ level, page, slot, under: pagesUnder(m, level, page) })
    }
  }
  const mark = (at: number, due: number): void => {
    m.S[at] |= due
    m.hooks.witness('stale-at-flush')
  }

  m.install(FLUSH_BEGINS, (v, mask, space) => {
    const due = cached.due(v)
    const { S, walkPage, speculationPage } = m
    const { tlb, structures, latch, pointer, speculationPointer, structureSlots } = caches
    for (let slot = 0; slot < pages.length; slot++) {
      if ((mask & (1 << slot)) === 0) continue
      const page = pages[slot]
      const now = translationNow(m, space, page)
      for (let at = tlb + slot; at < structures; at += pages.length)
        if (contradicts(m, S[at], space, now)) mark(at, due)
      for (let cpu = 0; cpu < m.walkers; cpu++) {
        if (S[walkPage + cpu] === page) {
          if (contradicts(m, S[latch + cpu], space, now)) mark(latch + cpu, due)
          if (strays(m, S[pointer + cpu], space, page)) mark(pointer + cpu, due)
        }
        if (
          cpu < vcpus &&
          S[speculationPage + cpu] === page &&
          strays(m, S[speculationPointer + cpu], space, page)
        ) {
          mark(speculationPointer + cpu, due)
        }
        if (cpu < vcpus && config.emulation && S[m.emulatorPage + cpu] === page) {
          if (contradicts(m, S[caches.emulator + cpu], space, now)) mark(caches.emulator + cpu, due)
        }
      }
    }
    for (let i = 0; i < below.length; i++) {
      const { level, page, slot, under } = below[i]
      if ((mask & under) === 0) continue
      const table = tableFor(m, space, level, page)
      for (let at = structures + slot; at < latch; at += structureSlots) {
        const word = S[at]
        if (word & VALID && cached.space(word) === space && cached.frame(word) !== table) mark(at, due)
      }
    }
    for (let i = 0; config.pdptes && i < vcpus * config.entries; i++) {
      const word = S[caches.pdptes + i]
      const page = firstPage(m, i % config.entries)
      if ((word & VALID) === 0 || cached.space(word) !== space) continue
      if ((mask & pagesUnder(m, levels - 1, page)) === 0) continue
      if (cached.frame(word) !== tableFor(m, space, levels - 1, page)) mark(caches.pdptes + i, due)
    }
    return 0
  })

  m.install(FLUSH_DONE, (v) => {
    const due = cached.due(v)
    const { S } = m
    const { tlb, end } = caches
    for (let at = tlb; at < end; at++) if (S[at] & due) S[at] = (S[at] & ~due) | CONDEMNED
    return 0
  })
}

/** The tables give no such translation, or one with fewer rights. */
function contradicts(m: Machine, word: number, space: number, now: number): boolean {
  if ((word & VALID) === 0 || m.cached.space(word) !== space) return false
  if (now === 0 || frameOf(now) !== m.cached.frame(word)) return true
  return (word & CACHED_W) !== 0 && !isWritable(now)
}

/** The walk is in a table that the page's path does not lead to any more. */
function strays(m: Machine, word: number, space: number, page: number): boolean {
  if ((word & VALID) === 0 || m.cached.space(word) !== space) return false
  return !isOnPath(m, space, page, m.cached.frame(word))
}

/** The pages under the table of `level` at `page`, one bit each. */
function pagesUnder(m: Machine, level: number, page: number): number {
  const { geometry, config } = m
  const first = geometry.base(page, level)
  return config.pages.reduce(
    (mask, other, slot) => (geometry.base(other, level) === first ? mask | (1 << slot) : mask),
    0,
  )
}
