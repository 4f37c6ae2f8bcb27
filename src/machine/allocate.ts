/**
 * The page allocator: any free frame can be handed out for any purpose, and an allocation can fail; the explorer picks
 * which of these happens. A frame that was a page table may come back as a data page, and, in a scenario with the
 * feature `anyTable`, the other way round. What is handed out is cleared (__GFP_ZERO). mm/page_alloc.c.
 */
import { defineOp } from '../engine/step.ts'
import { clearContent } from './copy.ts'
import { DATA, FREE, KIND, REF, TABLE } from './frame-word.ts'
import type { Machine } from './machine.ts'
import { noteChange } from './stale-reads.ts'

/** What a frame is allocated for. */
export const FOR_DATA = 0
export const FOR_TABLE = 1

/** Allocates a free frame for purpose `a`; may fail although there is one if `b` is 1. Results in it, or in 0. */
export const ALLOCATE_PAGE = defineOp('allocate page', 0, (a, _b, _c, n, r) => {
  const what = `allocate a ${a === FOR_TABLE ? 'page table' : 'page'}`
  return r === undefined ? what : r === 0 ? `${what}: failed` : `${what}: ${n.frame(r)}`
})

export function installAllocator(m: Machine): void {
  const candidates = (purpose: number): readonly number[] =>
    purpose === FOR_TABLE ? m.tableFrames : Array.from({ length: m.geometry.frames }, (_, i) => i + 1)
  const framesFor = [candidates(FOR_DATA), candidates(FOR_TABLE)]
  const isFree = (frame: number): boolean => (m.S[m.frame + frame] & KIND) === FREE
  const countFree = (purpose: number): number => {
    let n = 0
    for (const frame of framesFor[purpose]) if (isFree(frame)) n++
    return n
  }
  m.installDrained(
    ALLOCATE_PAGE,
    (v, purpose) => {
      let left = m.alternative
      for (const frame of framesFor[purpose]) {
        if (!isFree(frame) || left-- > 0) continue
        hand(m, v, frame, purpose)
        return frame
      }
      return 0
    },
    undefined,
    (_v, purpose, mayFail) => Math.max(1, countFree(purpose) + mayFail),
  )
}

function hand(m: Machine, v: number, frame: number, purpose: number): void {
  noteChange(m, frame)
  clearContent(m, v, frame)
  m.S[m.frame + frame] = purpose === FOR_TABLE ? TABLE : DATA + REF
  if (purpose !== FOR_TABLE) return
  const at = m.entryAt(frame, 1, 0)
  m.S.fill(0, at, at + m.config.entries)
}
