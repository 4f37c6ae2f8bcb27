/** Where a page walk starts, and whether the step that it is about to take may leave the accessed flag for later. */
import { VALID } from './cached.ts'
import { A, isLarge, isPresent } from './entry.ts'
import type { Machine } from './machine.ts'
import { LATE, PUNCTUAL, TRANSLATED, levelOf, pageOf, walkRequest } from './walk-stage.ts'

/** True if the step that a walk is about to take may leave A clear: a knob, and never more than a fault comes of it. */
export function mayLeaveAccessedClear(m: Machine, table: number, stage: number, request: number): boolean {
  if (!m.config.lateAccessed || levelOf(stage) < 2) return false
  if (stage & LATE || request & PUNCTUAL) return false
  // With EPT the table is first translated, in a step that reads no entry of the guest.
  if (m.eptp >= 0 && (stage & TRANSLATED) === 0) return false
  const word = m.S[m.entryAt(table, levelOf(stage), pageOf(request))]
  return isPresent(word) && !isLarge(word) && (word & A) === 0
}

/** The same for the first step of a walk that is yet to start. */
export function mayStartLeavingAccessedClear(m: Machine, v: number, page: number): boolean {
  if (!m.config.lateAccessed) return false
  const level = startLevel(m, v, page)
  const table =
    level < m.config.levels
      ? m.cached.frame(m.S[m.caches.structuresNow(v) + m.caches.structureSlot(level, page)])
      : m.geometry.roots[m.S[m.cr3 + v]]
  const stage = (level << 5) | (level < m.config.levels ? TRANSLATED : 0)
  return mayLeaveAccessedClear(m, table, stage, walkRequest(page, 0))
}

/** The level of the table in which a walk starts: that of the deepest structure-cache hit, or of the root. */
export function startLevel(m: Machine, v: number, page: number): number {
  const { levels, pcids } = m.config
  const base = m.caches.structuresNow(v)
  for (let level = 1; level < levels; level++) {
    const slot = m.caches.structureSlot(level, page)
    const hit = slot < 0 ? 0 : m.S[base + slot]
    if (hit & VALID && (m.cached.space(hit) === m.S[m.cr3 + v] || pcids > 0)) return level
  }
  return levels
}
