/**
 * Copies of pages: collapse, migration, copy on write. A copy that replaces its original supersedes it, so that a store
 * to the original is lost from then on. Where frames have contents, a ghost beside each value says that it is a copy,
 * and whether anybody has accessed it as that: from then on nobody may see the original in its place.
 */
import { defineOp } from '../engine/step.ts'
import { frameOf } from './entry.ts'
import { memoryBehind } from './ept.ts'
import { COPIED_UNDER_PIN, READ_TOO_LATE } from './facts.ts'
import { CONTENT_MAX, COPIED, DIRTY, PIN_MASK, SEEN, SUPERSEDED, WRITTEN } from './frame-word.ts'
import type { Machine } from './machine.ts'
import { noteChange } from './stale-reads.ts'
import { translationNow } from './translation.ts'

/** Above the page in `c` of COPY_PAGE: the original is given up. */
export const REPLACES = 1 << 6
/** Copies what frame `b` holds at page `c` into frame `a`. */
export const COPY_PAGE = defineOp(
  'copy page',
  1,
  (a, b, c, n) => `copy ${n.frame(b)} to ${n.frame(a)}${c & REPLACES ? ', which takes its place' : ''}`,
)

export function installCopy(m: Machine): void {
  // A copy is many stores; none of them is left behind here, so the page is whole or not there.
  m.installDrained(COPY_PAGE, (v, to, from, c) => {
    if (c & REPLACES) supersede(m, v, from)
    copy(m, v, to, from, c & ~REPLACES)
    return 0
  })
}

/** A copy is about to take the place of a frame. */
export function supersede(m: Machine, v: number, frame: number): void {
  if (m.S[m.frame + frame] & PIN_MASK) m.hooks.fact('superseded', v, COPIED_UNDER_PIN, frame)
  m.S[m.frame + frame] |= SUPERSEDED
}

/** Copies what a frame holds at a page, and what the kernel knows of its being dirty. */
export function copy(m: Machine, v: number, to: number, from: number, page: number | undefined): void {
  if (m.S[m.frame + from] & (WRITTEN | DIRTY)) m.S[m.frame + to] |= DIRTY
  noteChange(m, to)
  if (m.content < 0 || page === undefined) return
  const held = m.S[m.contentAt(memoryBehind(m, v, from), page)]
  m.S[m.contentAt(memoryBehind(m, v, to), page)] = (held & CONTENT_MAX) | COPIED
}

/** The allocator clears what it hands out. */
export function clearContent(m: Machine, v: number, frame: number): void {
  if (m.content < 0) return
  const memory = memoryBehind(m, v, frame)
  const at = m.content + m.geometry.contentStart[memory]
  m.S.fill(0, at, at + m.geometry.contentWords(memory))
}

/**
 * Somebody accesses `frame` at `page` of `space`, whose content is in word `at`: as a copy, or as what should not be seen
 * behind one any more.
 */
export function noteAccess(
  m: Machine,
  v: number,
  space: number,
  page: number,
  frame: number,
  at: number,
): void {
  const now = translationNow(m, space, page)
  const current = frameOf(now)
  if (now !== 0 && current !== frame && m.S[m.contentAt(memoryBehind(m, v, current), page)] & SEEN)
    m.hooks.fact('superseded', v, READ_TOO_LATE, frame)
  if (m.S[at] & COPIED) m.S[at] |= SEEN
}
