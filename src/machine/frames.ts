/**
 * Frames of physical memory: what each is, who refers to it, and what was cached of it when it went. Allocation is
 * simple on purpose; lifetimes are what matters. Freeing marks every cached translation and every walk that still
 * points to the frame, so that a later use is recognised even when the frame has become something else meanwhile.
 * Reference counts and the allocator's lists change by locked operations.
 */
import { defineOp } from '../engine/step.ts'
import { FREED, VALID } from './cached.ts'
import { clearContent, copy, supersede } from './copy.ts'
import { PIN_CONFIRMED } from './facts.ts'
import { fail } from '../errors.ts'
import {
  DATA,
  DIRTY,
  FREE,
  KIND,
  PIN,
  PIN_MASK,
  REF,
  REF_MASK,
  REUSED,
  SUPERSEDED,
  TABLE,
  WRITTEN,
} from './frame-word.ts'
import type { Machine } from './machine.ts'
import { noteChange } from './stale-reads.ts'

/** Hands a page-table page back to the allocator at once. */
export const FREE_TABLE = defineOp('free table', 1, (a, _b, _c, n) => `free ${n.frame(a)}`)
/** Takes a reference unless there is none left; results in 1 if it was taken (folio_try_get). */
export const TRY_GET = defineOp(
  'try get',
  2,
  (a, _b, _c, n, r) => `get ${n.frame(a)} unless zero${r === undefined ? '' : r === 1 ? '' : ': refused'}`,
)
/** Drops a reference; the last one frees the page (folio_put). */
export const PUT = defineOp('put', 1, (a, _b, _c, n) => `put ${n.frame(a)}`)
/** 1 if the mapping holds the only reference (what khugepaged checks before it copies). */
export const IS_UNPINNED = defineOp(
  'is unpinned',
  2,
  (a, _b, _c, n, r) =>
    `check references of ${n.frame(a)}${r === undefined ? '' : r === 1 ? ': mapping only' : ': pinned'}`,
)
/** The re-checks after a reference have passed: the pin is handed to the caller. */
export const CONFIRM_PIN = defineOp('confirm pin', 1, (a, _b, _c, n) => `pin of ${n.frame(a)} stands`, 'left')
/** The caller is done with the pinned page. */
export const RELEASE_PIN = defineOp('release pin', 1, (a, _b, _c, n) => `release pin of ${n.frame(a)}`)
/** Copies page `b` into `a`, which takes its place from now on. */
export const COPY = defineOp('copy', 1, (a, b, _c, n) => `copy ${n.frame(b)} to ${n.frame(a)}`)
/** Allocates a particular free frame as a data page; results in 1 if it was free. */
export const ALLOCATE = defineOp(
  'allocate',
  2,
  (a, _b, _c, n, r) => `allocate ${n.frame(a)}${r === 0 ? ': none left' : ''}`,
)
/** Somebody else allocates the frame that was freed (any one that is free) and fills it; results in it, or 0. */
export const REUSE = defineOp('reuse', 0, (_a, _b, _c, n, r) =>
  r === undefined
    ? 'reuse a freed frame'
    : r === 0
      ? 'no freed frame to reuse'
      : `reuse ${n.frame(r)} for another owner`,
)

export function installFrames(m: Machine): void {
  const { geometry } = m
  const initiallyFree = new Set(geometry.huge.map((page) => page.frame))
  m.installDrained(FREE_TABLE, (v, a) => {
    if ((m.S[m.frame + a] & KIND) !== TABLE) m.hooks.fact('bad-free', v, 1, a)
    release(m, a)
    return 0
  })
  m.installDrained(TRY_GET, (_v, a) => {
    const at = m.frame + a
    if ((m.S[at] & KIND) !== DATA || (m.S[at] & REF_MASK) === 0) return 0
    if ((m.S[at] & REF_MASK) === REF_MASK) throw fail.valueTooLarge(`references of ${geometry.name(a)}`, 8, 7)
    m.S[at] += REF
    return 1
  })
  m.installDrained(PUT, (v, a) => {
    const at = m.frame + a
    if ((m.S[at] & KIND) !== DATA || (m.S[at] & REF_MASK) === 0) m.hooks.fact('bad-free', v, 1, a)
    else m.S[at] -= REF
    if ((m.S[at] & REF_MASK) === 0) {
      if ((m.S[at] & WRITTEN) !== 0 && (m.S[at] & (DIRTY | SUPERSEDED)) === 0)
        m.hooks.fact('dirty-lost', v, 1, a)
      release(m, a)
    }
    return 0
  })
  m.install(IS_UNPINNED, (_v, a) => ((m.S[m.frame + a] & REF_MASK) === REF ? 1 : 0))
  m.install(CONFIRM_PIN, (v, a) => {
    const at = m.frame + a
    if (m.S[at] & SUPERSEDED) m.hooks.fact('superseded', v, PIN_CONFIRMED, a)
    m.S[at] += PIN
    return 0
  })
  m.installDrained(RELEASE_PIN, (v, a) => {
    const word = m.S[m.frame + a]
    if (word & PIN_MASK) m.S[m.frame + a] -= PIN
    // A frame that was given back meanwhile has lost its pins; that it is put once more is for the invariants to say.
    else if ((word & KIND) === DATA)
      throw fail.unbalanced(v, `${RELEASE_PIN.name} of ${geometry.name(a)}`, 'nobody has a pin of it')
    return m.execute[PUT.code](v, a, 0, 0)
  })
  m.install(COPY, (v, a, b) => {
    m.hooks.witness('collapse-copied')
    supersede(m, v, b)
    copy(m, v, a, b, geometry.datas.find(({ frame }) => frame === b)?.page)
    return 0
  })
  m.installDrained(ALLOCATE, (v, a) => {
    if ((m.S[m.frame + a] & KIND) !== FREE) return 0
    m.S[m.frame + a] = DATA + REF
    noteChange(m, a)
    clearContent(m, v, a)
    return 1
  })
  m.installDrained(REUSE, () => {
    for (let frame = 1; frame <= geometry.frames; frame++) {
      if ((m.S[m.frame + frame] & KIND) === FREE && !initiallyFree.has(frame)) {
        m.S[m.frame + frame] = REUSED
        noteChange(m, frame)
        return frame
      }
    }
    return 0
  })
}

/** Gives a frame back to the allocator. */
export function release(m: Machine, frame: number): void {
  m.hooks.witness(m.isTable(frame) ? 'table-freed' : 'page-freed')
  m.S[m.frame + frame] = FREE
  for (let at = m.caches.tlb; at < m.caches.end; at++) {
    const word = m.S[at]
    if (word & VALID && m.cached.frame(word) === frame) m.S[at] |= FREED
  }
  const bit = m.tableBit(frame)
  if (bit === 0) return
  for (let v = 0; v < m.config.vcpus; v++) m.S[m.dangling + v] |= m.S[m.held + v] & bit
}

/** Puts all frames to what they are at the start. */
export function initializeFrames(m: Machine): void {
  for (const table of m.geometry.tables) m.S[m.frame + table.frame] = TABLE
  for (const page of m.geometry.datas) m.S[m.frame + page.frame] = DATA + REF
  for (const frame of m.geometry.spare) m.S[m.frame + frame] = DATA + REF
}
