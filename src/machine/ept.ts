/**
 * Nested paging: guest frames are translated to host frames by EPT entries, in steps of the page walk that needs them.
 * Guest-physical mappings are cached by pCPU and EP4TA; what a guest walk derives from both tables is a combined
 * mapping: an entry of the TLB or of the paging-structure caches under a VPID, a PCID and an EP4TA. SDM vol. 3, "Caching
 * Translation Information" of VMX support. What guest tables hold is kept by guest frame: a host frame that takes
 * another's place finds their contents there.
 */
import { CACHED_PS, VALID } from './cached.ts'
import {
  EPT_A,
  EPT_D,
  EPT_FREED,
  EPT_LINKED,
  EPT_R,
  EPT_RWX,
  EPT_TABLE_SPAN,
  EPT_W,
  EPT_X,
  HOST_USED,
  eptEntry,
  hostFrameOf,
  isEptPresent,
  pieceOf,
} from './ept-entry.ts'
import { FREED_BY_GUEST, FREED_BY_HOST, FREED_EPT_TABLE, STALE_FRAME, STALE_RIGHTS } from './facts.ts'
import { dropPath } from './invalidate.ts'
import { DATA, KIND } from './frame-word.ts'
import type { Machine } from './machine.ts'
import { FETCH, WRITE } from './rights.ts'
import { dropPage } from './tlb.ts'

/** The EPT right that an access in `mode` needs. */
export const eptRight = (mode: number): number => (mode & WRITE ? EPT_W : mode & FETCH ? EPT_X : EPT_R)

/** The right that reading an entry of a guest table needs: with A and D flags of EPT on it counts as a write. */
export const tableRight = (m: Machine): number => (m.config.eptDirty ? EPT_W : EPT_R)

/** True if a cached translation allows what needs `right`, D flag included. */
export function allowsNested(m: Machine, word: number, right: number): boolean {
  const needs = right === EPT_W && m.config.eptDirty ? EPT_W | EPT_D : right
  return (m.cached.nested(word) & needs) === needs
}

/** The upper level has led to an EPT table, in a step of its own: what {@link translateFrame} may result in. */
export const TABLE_FOUND = -1

/**
 * The guest-physical mapping of a guest frame, cached or walked for and then cached; 0 where that is an EPT violation.
 * With two levels a walk whose table is not `known` ends there first.
 */
export function translateFrame(m: Machine, v: number, frame: number, right: number, known: boolean): number {
  const view = m.caches.view(v)
  const pcpu = m.S[m.on + v] - 1
  const tag = m.caches.mappingTag(v)
  const at = m.caches.guestPhysicalAt(pcpu, tag, frame)
  const hit = m.S[at]
  if (hit & VALID) {
    if (allowsNested(m, hit, right)) return hit
    if ((m.cached.nested(hit) & right) === 0 && !m.config.rewalk) return 0
  }
  if (m.eptTableCount > 0) {
    const upper = m.caches.guestPhysicalAt(pcpu, tag, m.geometry.frames + 1 + tableIndex(frame))
    if (!known && (m.S[upper] & VALID) === 0) {
      if (largeNow(m, view, frame) !== 0) return translateLarge(m, v, view, frame, right)
      if ((m.S[eptTableAt(m, view, frame)] & EPT_LINKED) === 0) return 0
      m.S[upper] = VALID
      return TABLE_FOUND
    }
    if (m.S[eptTableAt(m, view, frame)] & EPT_FREED) m.hooks.fact('hardware-walk', v, FREED_EPT_TABLE, frame)
  }
  const word = readByHardware(m, m.eptAt(view, frame), right)
  if (word === 0) return 0
  return (m.S[at] = mapping(m, view, word))
}

/** The large entry in whose place a walk would look for the table that maps a guest frame; 0 where there is none. */
const largeNow = (m: Machine, view: number, frame: number): number =>
  m.config.eptLarge ? m.S[largeAt(m, view, frame)] : 0

export const largeAt = (m: Machine, view: number, frame: number): number =>
  m.eptLarge + view * m.eptTableCount + tableIndex(frame)

/**
 * A walk has come to a large entry. What it gives is cached for this guest frame, or for all frames of the page where
 * large pages are cached whole.
 */
function translateLarge(m: Machine, v: number, view: number, frame: number, right: number): number {
  const word = readByHardware(m, largeAt(m, view, frame), right)
  if (word === 0) return 0
  const pcpu = m.S[m.on + v] - 1
  const tag = m.caches.mappingTag(v)
  const size = m.config.fractured ? 0 : CACHED_PS
  const first = m.config.fractured ? frame : tableIndex(frame) * EPT_TABLE_SPAN
  const last = m.config.fractured ? frame : Math.min(first + EPT_TABLE_SPAN - 1, m.geometry.frames)
  for (let each = Math.max(1, first); each <= last; each++)
    m.S[m.caches.guestPhysicalAt(pcpu, tag, each)] = mapping(m, view, pieceOf(word, each)) | size
  return mapping(m, view, pieceOf(word, frame))
}

/** A guest-physical mapping made of what an EPT entry holds. */
const mapping = (m: Machine, view: number, word: number): number =>
  m.cached.makeHost(hostFrameOf(word), word & (EPT_RWX | EPT_D), view)

const tableIndex = (frame: number): number => Math.floor(frame / EPT_TABLE_SPAN)

/** Word of the EPT table that maps a guest frame. */
export const eptTableAt = (m: Machine, view: number, frame: number): number =>
  m.eptTable + view * m.eptTableCount + tableIndex(frame)

/** What the EPT says of a guest frame now: its entry, or 0 where no table leads to it. */
export function eptNow(m: Machine, view: number, frame: number): number {
  const large = largeNow(m, view, frame)
  if (large !== 0) return pieceOf(large, frame)
  const linked = m.eptTableCount === 0 || (m.S[eptTableAt(m, view, frame)] & EPT_LINKED) !== 0
  return linked ? m.S[m.eptAt(view, frame)] : 0
}

/** What an EPT entry holds after hardware has used it and set its flags; 0 where it lacks the right. */
function readByHardware(m: Machine, at: number, right: number): number {
  if ((m.S[at] & right) === 0) return 0
  if (m.config.eptDirty) m.S[at] |= EPT_A | (right === EPT_W ? EPT_D : 0)
  return m.S[at]
}

/** What software that follows the EPT gets, without a cache: a word as of a guest-physical mapping, or 0. */
export function translateBySoftware(m: Machine, v: number, frame: number, right: number): number {
  const view = m.caches.view(v)
  const large = largeNow(m, view, frame) !== 0
  const at = large ? largeAt(m, view, frame) : m.eptAt(view, frame)
  const word = eptNow(m, view, frame) === 0 ? 0 : readByHardware(m, at, right)
  if (word === 0) return 0
  return mapping(m, view, large ? pieceOf(word, frame) : word)
}

/** The frame of memory behind a frame of the guest that `v` runs, by the EPT of now; without EPT they are the same. */
export const memoryBehind = (m: Machine, v: number, frame: number): number =>
  m.eptp < 0 ? frame : hostFrameOf(eptNow(m, m.caches.view(v), frame))

/** An EPT violation drops the guest-physical mapping, and what the vCPU has cached for the linear address. */
export function dropViolating(m: Machine, v: number, page: number, frame: number): void {
  const first = m.caches.guestPhysicalAt(m.S[m.on + v] - 1, m.caches.mappingTag(v), 0)
  if (m.S[first + frame] & CACHED_PS) dropLarge(m, first, frame)
  m.S[first + frame] = 0
  if (m.eptTableCount > 0) m.S[first + m.geometry.frames + 1 + tableIndex(frame)] = 0
  dropPage(m, m.caches.tlbNow(v), page)
  if (m.config.globals) dropPage(m, m.caches.globalNow(v), page)
  dropPath(m, m.caches.structuresNow(v), page)
}

/** Drops what is cached whole of the large page around a guest frame. */
function dropLarge(m: Machine, mappings: number, frame: number): void {
  const first = mappings + tableIndex(frame) * EPT_TABLE_SPAN
  const end = Math.min(first + EPT_TABLE_SPAN, mappings + m.geometry.frames + 1)
  for (let at = first; at < end; at++) if (m.S[at] & CACHED_PS) m.S[at] = 0
}

/** True if the EPT of now does not give what a cached translation was made of: no frame, another one, or fewer rights. */
export function contradictsEpt(m: Machine, word: number, now: number): boolean {
  if ((word & VALID) === 0 || m.cached.host(word) === 0) return false
  if (!isEptPresent(now) || hostFrameOf(now) !== m.cached.host(word)) return true
  const kept = m.config.eptDirty ? EPT_RWX | EPT_D : EPT_RWX
  return (m.cached.nested(word) & ~now & kept) !== 0
}

/** The hierarchy that a word which `v` uses was made with: that of now, unless it has no tag that says so. */
export const madeWith = (m: Machine, v: number, word: number): number =>
  m.config.svm ? m.cached.view(word) : m.caches.view(v)

/** Reports the use of host memory that was freed, or that a completed flush should have taken away. */
export function judgeNested(m: Machine, v: number, word: number, right: number): void {
  if ((word & m.cached.eptCondemned) === 0) return
  const frame = m.cached.frame(word)
  const now = eptNow(m, madeWith(m, v, word), frame)
  if (!isEptPresent(now) || hostFrameOf(now) !== m.cached.host(word))
    m.hooks.fact('stale-access', v, STALE_FRAME, frame)
  else if (right === EPT_W && (now & EPT_W) === 0) m.hooks.fact('stale-access', v, STALE_RIGHTS, frame)
}

/** Who freed the frame that a translation marked FREED leads to. */
export const freedBy = (m: Machine, word: number): number =>
  m.eptp >= 0 && m.S[m.hostFrame + m.cached.host(word)] !== HOST_USED ? FREED_BY_HOST : FREED_BY_GUEST

/**
 * Who has taken back the memory that a store of `v` reaches, 0 for nobody: `frame` is a host frame with EPT, and then
 * the guest has if no guest frame that lies there now is one of data.
 */
export function takenBy(m: Machine, v: number, frame: number): number {
  const isData = (each: number): boolean => (m.S[m.frame + each] & KIND) === DATA
  if (m.eptp < 0) return isData(frame) ? 0 : FREED_BY_GUEST
  if (m.S[m.hostFrame + frame] !== HOST_USED) return FREED_BY_HOST
  let taken = 0
  for (let each = 1; each <= m.geometry.frames; each++) {
    if (memoryBehind(m, v, each) !== frame) continue
    if (isData(each)) return 0
    taken = FREED_BY_GUEST
  }
  return taken
}

/** Puts every EPT to what it holds at the start: guest frame n is in host frame n. */
export function initializeEpt(m: Machine): void {
  m.S.fill(EPT_LINKED, m.eptTable, m.eptTable + m.config.ept * m.eptTableCount)
  for (let view = 0; view < m.config.ept; view++)
    for (let frame = 1; frame <= m.geometry.frames; frame++)
      m.S[m.eptAt(view, frame)] = eptEntry(frame, EPT_RWX)
}
