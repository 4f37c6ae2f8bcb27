/**
 * The page walk: one step per level, started by an access or by speculation, from CR3 or from the deepest cached
 * upper-level entry. A and D are set by locked updates in the step that reads the entry (an update that finds the
 * entry changed reads it again, which is the same as reading later). Rights accumulate over the levels; only the leaf
 * step creates a TLB entry. Walks see the stores that their own CPU has buffered, and no other CPU's; one that has to
 * set A or D in such an entry waits until memory has it. Walks for instruction fetches need not see them. SDM vol. 3,
 * chapter "Paging": sections on hierarchical paging structures, on accessed and dirty flags, and on caching translation
 * information.
 */
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
import type { Machine } from './machine.ts'
import type { Execute, Guard } from './semantics.ts'
import { ALLOWED, FETCH, PF_P, PF_RSVD, WRITE, errorCode, judgeAccess } from './rights.ts'
import { finishWalk, walkPointer } from './nested-walk.ts'
import {
  FAULT,
  FINAL,
  LATE,
  RESTART,
  SPECULATIVE,
  TRANSLATED,
  found,
  levelOf,
  modeOf,
  pageOf,
} from './walk-stage.ts'
import { WALK_START, WALK_READ } from './page-walk.ts'
import { leavesAccessedClear, passesStores, startLevel } from './walk-choices.ts'

/** The highest level whose entries can map a page: that of the PUD, 1G. */
const LARGEST = 3

export function installWalk(m: Machine): void {
  const { cached, config, buffer } = m
  const nested = config.ept > 0
  const mayPass = buffer.depth > 0

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
      const hit = m.S[m.caches.structuresNow(v) + m.caches.structureSlot(level, page)]
      m.S[pointer] = hit
      return found(cached.frame(hit), level, (hit & RIGHTS) | TRANSLATED)
    }
    if (config.pdptes) {
      const register = m.S[m.caches.pdptes + v * config.entries + m.geometry.index(page, config.levels)]
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
    const word = mayPass && passesStores(m, v, a, b, c) ? m.S[at] : buffer.read(v, at)
    if (!isPresent(word)) return refuse(pointer, errorCode(m, v, mode, 0))
    if (config.protection && isReserved(m, v, level, word))
      return refuse(pointer, errorCode(m, v, mode, PF_P | PF_RSVD))
    const rights = accumulate(b & RIGHTS, word)
    const space = cached.space(m.S[pointer])
    if (level > 1 && !isLarge(word)) {
      const late = b & LATE || leavesAccessedClear(m, a, b, c) ? LATE : 0
      if (late === 0 && (word & A) === 0) {
        if (!mayUpdate(pointer)) return violate(pointer)
        m.S[at] = word | A
      }
      const next = cached.make(frameOf(word), space, VALID | rights | (ghosts & ~FREED))
      m.S[pointer] = next
      const slot = nested ? -1 : m.caches.structureSlot(level - 1, page)
      if (slot >= 0 && late === 0) m.S[m.caches.structuresNow(v) + slot] = next
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
    if (modeOf(c) & FETCH) return true
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
