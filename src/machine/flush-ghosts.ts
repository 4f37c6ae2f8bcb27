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
  const { config, cached } = m
  const { vcpus, pages, levels } = config
  const below: { level: number; page: number; slot: number }[] = []
  for (const page of pages) {
    for (let level = 1; level < config.levels; level++) {
      const slot = m.caches.structureSlot(level, page)
      if (slot >= 0 && !below.some((other) => other.slot === slot)) below.push({ level, page, slot })
    }
  }
  const mark = (at: number, due: number): void => {
    m.S[at] |= due
    m.hooks.witness('stale-at-flush')
  }

  m.install(FLUSH_BEGINS, (v, mask, space) => {
    const due = cached.due(v)
    for (let slot = 0; slot < pages.length; slot++) {
      if ((mask & (1 << slot)) === 0) continue
      const page = pages[slot]
      const now = translationNow(m, space, page)
      for (let at = m.caches.tlb + slot; at < m.caches.structures; at += pages.length)
        if (contradicts(m, m.S[at], space, now)) mark(at, due)
      for (let cpu = 0; cpu < m.walkers; cpu++) {
        if (m.S[m.walkPage + cpu] === page) {
          if (contradicts(m, m.S[m.caches.latch + cpu], space, now)) mark(m.caches.latch + cpu, due)
          if (strays(m, m.S[m.caches.pointer + cpu], space, page)) mark(m.caches.pointer + cpu, due)
        }
        if (
          cpu < vcpus &&
          m.S[m.speculationPage + cpu] === page &&
          strays(m, m.S[m.caches.speculationPointer + cpu], space, page)
        ) {
          mark(m.caches.speculationPointer + cpu, due)
        }
        if (cpu < vcpus && config.emulation && m.S[m.emulatorPage + cpu] === page) {
          if (contradicts(m, m.S[m.caches.emulator + cpu], space, now)) mark(m.caches.emulator + cpu, due)
        }
      }
    }
    for (const { level, page, slot } of below) {
      if (!covers(m, mask, level, page)) continue
      const table = tableFor(m, space, level, page)
      for (let at = m.caches.structures + slot; at < m.caches.latch; at += m.caches.structureSlots) {
        const word = m.S[at]
        if (word & VALID && cached.space(word) === space && cached.frame(word) !== table) mark(at, due)
      }
    }
    for (let i = 0; config.pdptes && i < vcpus * config.entries; i++) {
      const word = m.S[m.caches.pdptes + i]
      const page = firstPage(m, i % config.entries)
      if ((word & VALID) === 0 || cached.space(word) !== space || !covers(m, mask, levels - 1, page)) continue
      if (cached.frame(word) !== tableFor(m, space, levels - 1, page)) mark(m.caches.pdptes + i, due)
    }
    return 0
  })

  m.install(FLUSH_DONE, (v) => {
    const due = cached.due(v)
    for (let at = m.caches.tlb; at < m.caches.end; at++) {
      if (m.S[at] & due) m.S[at] = (m.S[at] & ~due) | CONDEMNED
    }
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

/** True if a flushed page lies under the table of `level` at `page`. */
function covers(m: Machine, mask: number, level: number, page: number): boolean {
  return m.config.pages.some(
    (p, slot) => (mask & (1 << slot)) !== 0 && m.geometry.base(p, level) === m.geometry.base(page, level),
  )
}
