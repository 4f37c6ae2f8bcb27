/**
 * Page tables as software sees them: reading and changing entries, and what the tables say at this moment. An entry is
 * one word and is read or written as a whole.
 */
import { defineOp, type Names } from '../engine/step.ts'
import { FREED_SINCE, NOT_A_TABLE } from './facts.ts'
import { D, P, PS, RW, frameOf, isLarge, isPresent, tellEntry } from './entry.ts'
import { DATA, DIRTY, KIND } from './frame-word.ts'
import type { Machine } from './machine.ts'
import type { Execute } from './semantics.ts'

/** `b` of the entry operations: level and page. */
export const place = (level: number, page: number): number => (page << 3) | level
const levelOf = (b: number): number => b & 7
const pageOf = (b: number): number => b >> 3

const named = (b: number, n: Names): string => n.entry(levelOf(b), pageOf(b))
const read = (r: number | undefined, n: Names): string =>
  r === undefined ? '' : ` -> ${tellEntry(r, (frame) => n.frame(frame))}`

/** Reads an entry of table `a` without a lock. */
export const READ_ENTRY = defineOp(
  'read entry',
  0,
  (a, b, _c, n, r) => `read ${named(b, n)} in ${n.frame(a)}${read(r, n)}`,
)
/** Reads an entry under the page-table lock, where only hardware flags can change; joined with the step behind it. */
export const PEEK_ENTRY = defineOp('peek entry', 0, undefined, 'right')
/** Clears an entry with a locked exchange, hands the D flag to the page, results in the frame that was mapped, or 0. */
export const CLEAR_ENTRY = defineOp('clear entry', 0, (a, b, _c, n, r) =>
  r === 0 ? `${named(b, n)} in ${n.frame(a)} is none already` : `clear ${named(b, n)} in ${n.frame(a)}`,
)
/** Stores an entry with a plain store. */
export const SET_ENTRY = defineOp(
  'set entry',
  1,
  (a, b, c, n) => `${named(b, n)} in ${n.frame(a)} = ${tellEntry(c, (frame) => n.frame(frame))}`,
)
/** Removes the flags `c` from an entry with a locked operation; results in 1 if one of them was set. */
export const REVOKE_ENTRY = defineOp(
  'revoke entry',
  2,
  (a, b, _c, n) => `write-protect ${named(b, n)} in ${n.frame(a)}`,
)
/** Adds the flags `c` to an entry with a locked operation. */
export const GRANT_ENTRY = defineOp(
  'grant entry',
  1,
  (a, b, _c, n) => `add flags to ${named(b, n)} in ${n.frame(a)}`,
)
/** Stores an entry with a locked exchange; results in the old one. */
export const XCHG_ENTRY = defineOp(
  'xchg entry',
  0,
  (a, b, c, n, r) =>
    `xchg ${named(b, n)} in ${n.frame(a)}, ${tellEntry(c, (frame) => n.frame(frame))}${read(r, n)}`,
)
/** Compares an entry with a value read before; results in 1 if it is still the same, A and D included. */
export const SAME_ENTRY = defineOp(
  're-check entry',
  2,
  (a, b, _c, n, r) =>
    `re-check ${named(b, n)} in ${n.frame(a)}${r === undefined ? '' : r === 1 ? ': same' : ': changed'}`,
)
/** The table of level `b` that translates a page in space `a`, or 0; under the page-table lock. */
export const FIND_TABLE = defineOp('find table', 0, undefined, 'right')
/** Mask of the pages of space `b` that are mapped to frame `a` now: a walk of the reverse map, under the locks of the tables. */
export const FIND_MAPPINGS = defineOp(
  'find mappings',
  0,
  (a, _b, _c, n, r) =>
    `rmap of ${n.frame(a)}${r === undefined ? '' : r === 0 ? ': none' : `: ${n.pages(r)}`}`,
)
/** 1 if no entry of table `a` is present; under the page-table lock. */
export const IS_EMPTY = defineOp('is empty', 2, undefined, 'left')
/** 1 if all entries of table `a` are present small pages; under the page-table lock. */
export const IS_FULL = defineOp('is full', 2, undefined, 'right')
/** The software walk has ended: it points to no table any more. */
export const FORGET_TABLES = defineOp('forget tables', 1, undefined, 'left')

export function installTables(m: Machine): void {
  const { config, buffer } = m
  /** Looks at the table behind a pointer that software holds, as the invariants want to know it. */
  const inspect = (v: number, table: number): void => {
    const since = m.S[m.dangling + v] & m.tableBit(table) ? FREED_SINCE : 0
    const ghost = (m.isTable(table) ? 0 : NOT_A_TABLE) | since
    if (ghost !== 0) m.hooks.fact('software-walk', v, ghost, table)
  }
  const learn = (v: number, word: number): void => {
    if (!isPresent(word) || isLarge(word)) return
    const bit = m.tableBit(frameOf(word))
    m.S[m.held + v] |= bit
    m.S[m.dangling + v] &= ~bit
  }
  const at = (a: number, b: number): number => m.entryAt(a, levelOf(b), pageOf(b))

  m.install(READ_ENTRY, (v, a, b) => {
    inspect(v, a)
    const word = buffer.read(v, at(a, b))
    if (levelOf(b) > 1) learn(v, word)
    return word
  })
  /** A locked operation that takes D out of an entry hands it on: the kernel knows from now on that the page is dirty. */
  const collect = (word: number): void => {
    const page = m.frame + frameOf(word)
    if (isPresent(word) && word & D && (m.S[page] & KIND) === DATA) m.S[page] |= DIRTY
  }

  m.install(PEEK_ENTRY, (v, a, b) => buffer.read(v, at(a, b)))
  m.installDrained(CLEAR_ENTRY, (v, a, b) => {
    inspect(v, a)
    const word = m.S[at(a, b)]
    m.S[at(a, b)] = 0
    const frame = isPresent(word) ? frameOf(word) : 0
    if (levelOf(b) > 1 && frame !== 0) noteWalkersInside(m, v, frame)
    collect(word)
    return frame
  })
  const set: Execute = (v, a, b, c) => {
    inspect(v, a)
    buffer.write(v, at(a, b), c)
    return 0
  }
  m.install(SET_ENTRY, set, undefined, 'room')
  m.installDrained(REVOKE_ENTRY, (v, a, b, c) => {
    inspect(v, a)
    const word = m.S[at(a, b)]
    m.S[at(a, b)] = word & ~c
    if (c & D) collect(word)
    return (word & c) !== 0 ? 1 : 0
  })
  m.installDrained(GRANT_ENTRY, (v, a, b, c) => {
    inspect(v, a)
    m.S[at(a, b)] |= c
    return 0
  })
  m.installDrained(XCHG_ENTRY, (v, a, b, c) => {
    inspect(v, a)
    const word = m.S[at(a, b)]
    m.S[at(a, b)] = c
    collect(word)
    return word
  })
  m.install(SAME_ENTRY, (v, a, b, c) => {
    inspect(v, a)
    return buffer.read(v, at(a, b)) === c ? 1 : 0
  })
  /** An entry reaches its table, which may have been given away meanwhile. */
  buffer.arriving = (v, word, value) => {
    const table = m.geometry.tables[Math.floor((word - m.entries) / config.entries)]
    if (table !== undefined && !m.isTable(table.frame))
      m.hooks.fact('software-walk', v, NOT_A_TABLE, table.frame)
    return value
  }
  m.install(FIND_TABLE, (v, a, b) => tableFor(m, a, levelOf(b), pageOf(b), v))
  m.install(FIND_MAPPINGS, (_v, frame, space) => {
    let mask = 0
    for (let slot = 0; slot < config.pages.length; slot++) {
      const now = translationNow(m, space, config.pages[slot])
      if (now !== 0 && frameOf(now) === frame) mask |= 1 << slot
    }
    return mask
  })
  /** 1 if all entries of a table, masked, have this value. */
  const all = (v: number, table: number, mask: number, value: number): number => {
    const first = m.entryAt(table, 1, 0)
    for (let i = 0; i < config.entries; i++) if ((buffer.read(v, first + i) & mask) !== value) return 0
    return 1
  }
  m.install(IS_EMPTY, (v, a) => all(v, a, P, 0))
  m.install(IS_FULL, (v, a) => all(v, a, P | PS, P))
  m.install(FORGET_TABLES, (v) => {
    m.S[m.held + v] = 0
    m.S[m.dangling + v] = 0
    return 0
  })
}

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

/** Notes who is walking through a table at the moment that it is unhooked. */
function noteWalkersInside(m: Machine, v: number, table: number): void {
  const bit = m.tableBit(table)
  for (let cpu = 0; cpu < m.config.vcpus; cpu++) {
    if (cpu === v) continue
    if (m.S[m.held + cpu] & bit && m.S[m.interruptFlag + cpu] === 0) m.hooks.witness('walker-inside')
    if (m.S[m.caches.pointer + cpu] !== 0 && m.cached.frame(m.S[m.caches.pointer + cpu]) === table)
      m.hooks.witness('hardware-walk-inside')
  }
}
