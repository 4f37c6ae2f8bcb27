/** How an access ends: it reaches memory through a translation, where it may be judged, or it faults. */
import { CACHED_G, CONDEMNED, FREED } from './cached.ts'
import { noteAccess } from './copy.ts'
import { isWritable, frameOf } from './entry.ts'
import { dropViolating, eptRight, freedBy, judgeNested, madeWith } from './ept.ts'
import { STALE_FRAME, STALE_RIGHTS, STORED_TOO_LATE } from './facts.ts'
import { abortSpeculation, dropFaulting } from './invalidate.ts'
import { CONTENT_MAX, DATA, KIND, SUPERSEDED, WRITTEN } from './frame-word.ts'
import type { Machine } from './machine.ts'
import { MEANT, MEANT_SHIFT, PF_P, WRITE } from './rights.ts'
import { isExcused, noteChange } from './stale-reads.ts'
import { translationNow } from './translation.ts'
import { DETAILED, VIOLATES } from './access-result.ts'

/** What a frame holds, with another value: its ghosts stay. */
export const withValue = (content: number, value: number): number =>
  (content & ~CONTENT_MAX) | (value & CONTENT_MAX)

export function fault(m: Machine, v: number, page: number, mode: number, code: number): number {
  m.S[m.walkPage + v] = 0
  if (v < m.config.vcpus) {
    dropFaulting(m, v, page)
    // An access faults for outdated rights once, not twice: what a speculative walk has found of them goes as well.
    if (code & PF_P && m.S[m.speculationPage + v] === page) abortSpeculation(m, v)
  }
  return mode & DETAILED ? (code << 1) | 1 : 1
}

export function violate(m: Machine, v: number, page: number, frame: number): number {
  m.S[m.walkPage + v] = 0
  dropViolating(m, v, page, frame)
  m.violated = frame
  return VIOLATES
}

/** An access in `mode` reaches memory through `entry`. */
export function use(m: Machine, v: number, page: number, entry: number, mode: number, value: number): number {
  const write = (mode & WRITE) !== 0
  const frame = m.cached.frame(entry)
  const space = m.cached.space(entry)
  const old = (entry & (FREED | CONDEMNED)) !== 0
  const now = old ? translationNow(m, space, page) : 0
  const excused = old && isExcused(m, entry, write, now)
  if (entry & FREED && !excused) m.hooks.fact('frame-access', v, freedBy(m, entry), frame)
  if (m.eptp >= 0) {
    judgeNested(m, v, entry, eptRight(mode))
    if (madeWith(m, v, entry) !== m.caches.view(v)) m.hooks.fact('foreign-access', v, 1, frame)
  }
  const meant = mode & MEANT ? mode >> MEANT_SHIFT : m.S[m.cr3 + v]
  if (space !== meant && (entry & CACHED_G) === 0) m.hooks.fact('foreign-access', v, 1, frame)
  if (entry & CONDEMNED && !excused) {
    if (now === 0 || frameOf(now) !== frame) m.hooks.fact('stale-access', v, STALE_FRAME, frame)
    else if (write && !isWritable(now)) m.hooks.fact('stale-access', v, STALE_RIGHTS, frame)
  }
  if (write && (m.S[m.frame + frame] & KIND) === DATA) {
    if (m.S[m.frame + frame] & SUPERSEDED) m.hooks.fact('superseded', v, STORED_TOO_LATE, frame)
    m.S[m.frame + frame] |= WRITTEN
    noteChange(m, frame)
  }
  const reached = m.eptp < 0 ? frame : m.cached.host(entry)
  const at = m.content < 0 ? -1 : m.contentAt(reached, page)
  if (at >= 0) noteAccess(m, v, space, page, frame, at)
  if (write && at >= 0) m.buffer.write(v, at, withValue(m.S[at], value))
  if ((mode & DETAILED) === 0) return 0
  const content = at < 0 ? 0 : m.buffer.read(v, at) & CONTENT_MAX
  return (content << 7) | (reached << 1)
}
