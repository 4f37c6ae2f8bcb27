/** What the operations on page tables do: an entry is one word, and is read or written as a whole. */
import { FREED_SINCE, NOT_A_TABLE } from './facts.ts'
import { D, P, PS, frameOf, isLarge, isPresent } from './entry.ts'
import { DATA, DIRTY, KIND } from './frame-word.ts'
import type { Machine } from './machine.ts'
import type { Execute } from './semantics.ts'
import {
  levelOf,
  pageOf,
  READ_ENTRY,
  PEEK_ENTRY,
  CLEAR_ENTRY,
  SET_ENTRY,
  REVOKE_ENTRY,
  GRANT_ENTRY,
  XCHG_ENTRY,
  SAME_ENTRY,
  FIND_TABLE,
  FIND_MAPPINGS,
  IS_EMPTY,
  IS_FULL,
  FORGET_TABLES,
} from './table-ops.ts'
import { tableFor, translationNow } from './translation.ts'

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
