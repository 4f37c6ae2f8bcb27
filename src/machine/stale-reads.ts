/**
 * The readers-only exemption: an old translation may be read through for as long as nobody can tell, which is the promise
 * that LUF (lazy unmap flush) makes for clean, read-only mappings. What ends it is a change of the frame, that is a store
 * by somebody else or another owner; or that the page leads to another frame, whose contents others may see.
 */
import { CONDEMNED, FREED, VALID } from './cached.ts'
import type { Machine } from './machine.ts'

/** A frame holds something else from now on, or belongs to somebody else: old translations of it are past excuse. */
export function noteChange(m: Machine, frame: number): void {
  const { changed, dueMask } = m.cached
  if (changed === 0) return
  const old = FREED | CONDEMNED | dueMask
  for (let at = m.caches.tlb; at < m.caches.end; at++) {
    const word = m.S[at]
    if (word & VALID && word & old && m.cached.frame(word) === frame) m.S[at] |= changed
  }
}

/** True if an access through `entry` is excused; `now` is what the tables say of the page. */
export const isExcused = (m: Machine, entry: number, write: boolean, now: number): boolean =>
  m.cached.changed !== 0 && !write && (entry & m.cached.changed) === 0 && now === 0
