/**
 * The page walk: one step per level, started by an access or by speculation, from CR3 or from the deepest cached
 * upper-level entry. A and D are set by locked updates in the step that reads the entry (an update that finds the
 * entry changed reads it again, which is the same as reading later). Rights accumulate over the levels; only the leaf
 * step creates a TLB entry. Walks see the stores that their own CPU has buffered, and no other CPU's; one that has to
 * set A or D in such an entry waits until memory has it. SDM vol. 3, chapter "Paging": sections on hierarchical paging structures, on accessed and
 * dirty flags, and on caching translation information.
 */
import { defineOp, perform, type Code } from '../engine/step.ts'
import {
  ALL_RIGHTS,
  CACHED_D,
  CACHED_G,
  CACHED_HUGE,
  CACHED_PS,
  CACHED_U,
  CACHED_W,
  CACHED_XD,
  FREED,
  RIGHTS,
  VALID,
  cachedKey,
} from './cached.ts'
import { NXE, PGE, controlsOf } from './control.ts'
import { A, D, G, RSVD, RW, US, XD, frameOf, isLarge, isPresent, keyOf } from './entry.ts'
import { judgeNested } from './ept.ts'
import { EPT_R, EPT_W } from './ept-entry.ts'
import { FREED_SINCE, NOT_A_TABLE } from './facts.ts'
import type { Execute, Guard, Machine } from './machine.ts'
import { ALLOWED, PF_P, PF_RSVD, WRITE, errorCode, judgeAccess } from './rights.ts'
import { WALK_EPT, finishWalk, walkPointer } from './nested-walk.ts'
import {
  FAULT,
  FILLED,
  FINAL,
  LATE,
  PUNCTUAL,
  RESTART,
  SPECULATIVE,
  TRANSLATED,
  found,
  levelOf,
  modeOf,
  pageOf,
  stageOf,
  tableOf,
  walkRequest,
} from './walk-stage.ts'

/** The highest level whose entries can map a page: that of the PUD, 1G. */
const LARGEST = 3

/** Where the walk of `c` begins: the deepest structure-cache hit, a PDPTE register, or the root. */
const WALK_START = defineOp('start walk', 0, undefined, 'right')
/** Reads the entry for `c` in table `a`; `b` is level and rights so far. */
export const WALK_READ = defineOp('walk', 0, (a, b, c, n, r) => {
  const entry = `walk ${levelOf(b) === 0 ? 'D of ' : ''}${n.entry(levelOf(b) || 1, pageOf(c))} in ${n.frame(a)}`
  if (r === undefined) return entry
  if (r === FAULT) return `${entry} -> fault`
  if (r === FILLED) return `${entry} -> TLB`
  return r === RESTART ? `${entry} -> again` : `${entry} -> ${n.frame(tableOf(r))}`
})

/** The hardware walk, as one reads it in the manual; `nested` with EPT. Returns FAULT or FILLED. */
export function* pageWalk(request: number, nested: boolean): Code<number> {
  let asked = request
  let at = yield* perform(WALK_START, 0, 0, asked)
  while (at !== FAULT && at !== FILLED) {
    if (at === RESTART) at = yield* perform(WALK_START, 0, 0, (asked |= PUNCTUAL))
    else {
      const stage = stageOf(at)
      const toTranslate = nested && (stage & TRANSLATED) === 0
      at = yield* perform(toTranslate ? WALK_EPT : WALK_READ, tableOf(at), stage, asked)
    }
  }
  return at
}

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
      ? m.cached.frame(m.S[m.structuresNow(v) + m.structureSlot(level, page)])
      : m.geometry.roots[m.S[m.cr3 + v]]
  const stage = (level << 5) | (level < m.config.levels ? TRANSLATED : 0)
  return mayLeaveAccessedClear(m, table, stage, walkRequest(page, 0))
}

/** The level of the table in which a walk starts: that of the deepest structure-cache hit, or of the root. */
function startLevel(m: Machine, v: number, page: number): number {
  const { levels, pcids } = m.config
  const base = m.structuresNow(v)
  for (let level = 1; level < levels; level++) {
    const slot = m.structureSlot(level, page)
    const hit = slot < 0 ? 0 : m.S[base + slot]
    if (hit & VALID && (m.cached.space(hit) === m.S[m.cr3 + v] || pcids > 0)) return level
  }
  return levels
}

export function installWalk(m: Machine): void {
  const { cached, config, buffer } = m
  const nested = config.ept > 0

  const refuse = (pointer: number, code: number): number => {
    m.S[pointer] = 0
    m.errorCode = code
    m.violated = 0
    return FAULT
  }
  /** With A and D flags of EPT off, only an update of a guest entry is a write to its table. */
  const mayUpdate = (pointer: number): boolean => !nested || (cached.nested(m.S[pointer]) & EPT_W) !== 0
  const violate = (pointer: number): number => {
    m.violated = cached.frame(m.S[pointer])
    m.S[pointer] = 0
    return FAULT
  }

  m.install(WALK_START, (v, _a, _b, c) => {
    const page = pageOf(c)
    const pointer = walkPointer(m, v, modeOf(c))
    const level = startLevel(m, v, page)
    if (level < config.levels) {
      const hit = m.S[m.structuresNow(v) + m.structureSlot(level, page)]
      m.S[pointer] = hit
      return found(cached.frame(hit), level, (hit & RIGHTS) | TRANSLATED)
    }
    if (config.pdptes) {
      const register = m.S[m.pdptes + v * config.entries + m.geometry.index(page, config.levels)]
      if ((register & VALID) === 0) return refuse(pointer, errorCode(m, v, modeOf(c), 0))
      m.S[pointer] = register
      return found(cached.frame(register), config.levels - 1, ALL_RIGHTS)
    }
    const space = m.S[m.cr3 + v]
    const root = m.geometry.roots[space]
    m.S[pointer] = cached.make(root, space, VALID | ALL_RIGHTS)
    return found(root, config.levels, ALL_RIGHTS)
  })

  const read: Execute = (v, a, b, c) => {
    const page = pageOf(c)
    const mode = modeOf(c)
    const write = (mode & WRITE) !== 0
    const assist = levelOf(b) === 0
    const pointer = walkPointer(m, v, mode)
    const ghosts = m.S[pointer] & cached.ghosts
    const bad = (m.isTable(a) ? 0 : NOT_A_TABLE) | (ghosts & FREED ? FREED_SINCE : 0)
    if (bad !== 0) m.hooks.fact('hardware-walk', v, bad, a)
    if (nested) judgeNested(m, v, m.S[pointer], EPT_R)
    const level = assist ? leafLevel(m, a) : levelOf(b)
    const at = m.entryAt(a, level, page)
    const word = buffer.read(v, at)
    if (!isPresent(word)) return refuse(pointer, errorCode(m, v, mode, 0))
    if (config.protection && isReserved(m, v, level, word))
      return refuse(pointer, errorCode(m, v, mode, PF_P | PF_RSVD))
    const rights = accumulate(b & RIGHTS, word)
    const space = cached.space(m.S[pointer])
    if (level > 1 && !isLarge(word)) {
      const late = b & LATE || m.alternative === 1 ? LATE : 0
      if (late === 0 && (word & A) === 0) {
        if (!mayUpdate(pointer)) return violate(pointer)
        m.S[at] = word | A
      }
      const next = cached.make(frameOf(word), space, VALID | rights | (ghosts & ~FREED))
      m.S[pointer] = next
      const slot = nested ? -1 : m.structureSlot(level - 1, page)
      if (slot >= 0 && late === 0) m.S[m.structuresNow(v) + slot] = next
      return found(frameOf(word), level - 1, rights | late)
    }
    // A dirty assist of a CPU that looks at R/W once has looked already; speculative loads cache what they may not use.
    const unchecked = assist || (mode & (SPECULATIVE | WRITE)) === SPECULATIVE
    const judged = unchecked ? ALLOWED : judgeAccess(m, v, mode, rights, keyOf(word))
    if (judged !== ALLOWED) return refuse(pointer, judged)
    if (b & LATE) return RESTART
    if (config.racyDirty && write && !assist && (word & D) === 0) {
      if ((word & A) === 0) {
        if (!mayUpdate(pointer)) return violate(pointer)
        m.S[at] = word | A
      }
      return found(a, 0, rights | TRANSLATED)
    }
    const updated = word | A | (write ? D : 0)
    if (updated !== word) {
      if (!mayUpdate(pointer)) return violate(pointer)
      m.S[at] = updated
    }
    const global = word & G && controlsOf(m, v) & PGE ? CACHED_G : 0
    const size = level === 1 || !isLarge(word) ? 0 : level === 2 ? CACHED_PS : CACHED_PS | CACHED_HUGE
    const dirty = word & D || write ? CACHED_D : 0
    const flags = VALID | rights | dirty | size | global | cachedKey(keyOf(word)) | (ghosts & ~FREED)
    const entry = cached.make(frameOf(word), space, flags)
    if (nested) {
      m.S[pointer] = entry
      return found(frameOf(word), FINAL, rights)
    }
    return finishWalk(m, v, page, mode, entry)
  }
  const finds: Guard = (v, a, b, c) => {
    const level = levelOf(b) === 0 ? leafLevel(m, a) : levelOf(b)
    const at = m.entryAt(a, level, pageOf(c))
    if (!buffer.holds(v, at)) return true
    const word = buffer.read(v, at)
    const leaf = level === 1 || isLarge(word)
    const needed = A | (leaf && modeOf(c) & WRITE ? D : 0)
    return !isPresent(word) || (word & needed) === needed
  }
  m.install(WALK_READ, read, buffer.depth === 0 ? undefined : finds)
}

/** R/W and U/S are those of all levels together; XD of any level forbids. */
function accumulate(rights: number, word: number): number {
  const kept = rights & ((word & RW ? CACHED_W : 0) | (word & US ? CACHED_U : 0) | CACHED_XD)
  return kept | (word & XD ? CACHED_XD : 0)
}

/** A reserved bit is set; XD is one while EFER.NXE is clear, and PS above the level of 1G pages. */
const isReserved = (m: Machine, v: number, level: number, word: number): boolean =>
  (word & RSVD) !== 0 ||
  (level > LARGEST && isLarge(word)) ||
  ((word & XD) !== 0 && (controlsOf(m, v) & NXE) === 0)

/** The level of a table that a dirty assist is in. */
const leafLevel = (m: Machine, table: number): number =>
  m.geometry.tables.find(({ frame }) => frame === table)!.level
