/**
 * What a step of a page walk leaves to the explorer: whether A stays clear in an upper entry (`lateAccessed`), and
 * whether an instruction fetch sees a store that its own CPU has buffered. Code fetch may run ahead of stores before it
 * until a serializing instruction (SDM vol. 3, on changes of paging structures and instruction fetches); data accesses
 * follow program order.
 */
import { VALID } from './cached.ts'
import { A, isLarge, isPresent } from './entry.ts'
import type { Machine } from './machine.ts'
import { FETCH } from './rights.ts'
import { LATE, PUNCTUAL, TRANSLATED, levelOf, modeOf, pageOf, walkRequest } from './walk-stage.ts'

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

/** How many outcomes a step of a walk has that is about to read the entry for `request` in `table`. */
export function choicesOf(m: Machine, v: number, table: number, stage: number, request: number): number {
  const passes = storesAhead(m, v, table, stage, request) === MAY_PASS ? 2 : 1
  return passes * (mayLeaveAccessedClear(m, table, stage, request) ? 2 : 1)
}

/** The same of the first step of a walk that is yet to start. */
export function choicesAtStart(m: Machine, v: number, page: number, mode: number): number {
  if (!m.config.lateAccessed && m.buffer.depth === 0) return 1
  const { config, cached } = m
  const request = walkRequest(page, mode)
  const level = startLevel(m, v, page)
  if (level < config.levels) {
    const hit = m.S[m.caches.structuresNow(v) + m.caches.structureSlot(level, page)]
    return choicesOf(m, v, cached.frame(hit), (level << 5) | TRANSLATED, request)
  }
  if (!config.pdptes) return choicesOf(m, v, m.geometry.roots[m.S[m.cr3 + v]], level << 5, request)
  const register = m.S[m.caches.pdptes + v * config.entries + m.geometry.index(page, level)]
  return register & VALID ? choicesOf(m, v, cached.frame(register), (level - 1) << 5, request) : 1
}

/** True if the explorer has picked that the step leaves A clear. */
export const leavesAccessedClear = (m: Machine, table: number, stage: number, request: number): boolean =>
  (m.alternative & 1) === 1 && mayLeaveAccessedClear(m, table, stage, request)

/** True if the step reads what memory holds although its CPU has a store to that entry in its buffer. */
export function passesStores(m: Machine, v: number, table: number, stage: number, request: number): boolean {
  const ahead = storesAhead(m, v, table, stage, request)
  if (ahead !== MAY_PASS) return ahead === MUST_PASS
  return m.alternative >> (mayLeaveAccessedClear(m, table, stage, request) ? 1 : 0) === 1
}

const NOTHING_TO_PASS = 0
const MAY_PASS = 1
const MUST_PASS = 2

/** What a fetch may do about a buffered store to the entry that it reads: it never waits to set A in one. */
function storesAhead(m: Machine, v: number, table: number, stage: number, request: number): number {
  if (m.buffer.depth === 0 || (modeOf(request) & FETCH) === 0 || isToTranslate(m, stage))
    return NOTHING_TO_PASS
  const at = m.entryAt(table, levelOf(stage), pageOf(request))
  if (!m.buffer.holds(v, at)) return NOTHING_TO_PASS
  const word = m.buffer.read(v, at)
  return isPresent(word) && (word & A) === 0 ? MUST_PASS : MAY_PASS
}

/** A step may leave A clear: a knob, and never more than a fault comes of it. */
function mayLeaveAccessedClear(m: Machine, table: number, stage: number, request: number): boolean {
  if (!m.config.lateAccessed || levelOf(stage) < 2) return false
  if (stage & LATE || request & PUNCTUAL || isToTranslate(m, stage)) return false
  const word = m.S[m.entryAt(table, levelOf(stage), pageOf(request))]
  return isPresent(word) && !isLarge(word) && (word & A) === 0
}

/** With EPT the table is first translated, in a step that reads no entry of the guest. */
const isToTranslate = (m: Machine, stage: number): boolean => m.eptp >= 0 && (stage & TRANSLATED) === 0
