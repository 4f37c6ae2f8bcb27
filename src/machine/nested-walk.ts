/**
 * The steps of a page walk that EPT adds: the guest frame of each guest table that the walk reads, and the frame that it
 * ends at, are translated to host frames. Only then is there a combined mapping to cache.
 */
import { defineOp } from '../engine/step.ts'
import { RIGHTS, VALID } from './cached.ts'
import { TABLE_FOUND, eptRight, tableRight, translateFrame } from './ept.ts'
import type { Machine } from './machine.ts'
import { fill, fillDeviceTlb } from './tlb.ts'
import {
  EPT_TABLE,
  FAULT,
  FILLED,
  FINAL,
  LATE,
  PAST_TLB,
  SPECULATIVE,
  TRANSLATED,
  found,
  levelOf,
  modeOf,
  pageOf,
  stageOf,
} from './walk-stage.ts'

/** Translates guest frame `a` through EPT for the walk of `c`; `b` is level and rights so far. */
export const WALK_EPT = defineOp('EPT walk', 0, (a, _b, _c, n, r) => {
  const entry = `EPT walk for ${n.frame(a)}`
  if (r === FAULT) return `${entry} -> EPT violation`
  if (r === FILLED) return `${entry} -> TLB`
  return r !== undefined && stageOf(r) & EPT_TABLE ? `${entry} -> EPT table` : entry
})

/** Where a walk of `mode` keeps what it has found. */
export const walkPointer = (m: Machine, v: number, mode: number): number =>
  (mode & SPECULATIVE ? m.caches.speculationPointer : m.caches.pointer) + v

/** A walk has found a translation: it is cached, and the instruction goes on with it. */
export function finishWalk(m: Machine, v: number, page: number, mode: number, entry: number): number {
  if ((mode & PAST_TLB) === 0) fill(m, v, page, entry)
  fillDeviceTlb(m, v, page, entry)
  if ((mode & SPECULATIVE) === 0) m.S[m.caches.latch + v] = entry
  m.S[walkPointer(m, v, mode)] = 0
  return FILLED
}

export function installNestedWalk(m: Machine): void {
  m.install(WALK_EPT, (v, frame, b, c) => {
    const page = pageOf(c)
    const mode = modeOf(c)
    const level = levelOf(b)
    const pointer = walkPointer(m, v, mode)
    const right = level === FINAL ? eptRight(mode) : tableRight(m)
    const mapping = translateFrame(m, v, frame, right, (b & EPT_TABLE) !== 0)
    if (mapping === TABLE_FOUND) return found(frame, level, (b & (RIGHTS | LATE)) | EPT_TABLE)
    if (mapping === 0) {
      m.S[pointer] = 0
      m.violated = frame
      return FAULT
    }
    const word = m.cached.withHost(m.S[pointer], mapping)
    if (level === FINAL) return finishWalk(m, v, page, mode, word)
    m.S[pointer] = word | VALID
    const slot = m.caches.structureSlot(level, page)
    if (slot >= 0 && (b & LATE) === 0) m.S[m.caches.structuresNow(v) + slot] = word
    return found(frame, level, (b & (RIGHTS | LATE)) | TRANSLATED)
  })
}
