/**
 * What the host does with its memory: changes of EPT entries, frames that it takes back and gives to others, and the
 * ghosts of flushes that must follow a change. They are those of guest flushes (flush-ghosts.ts) once more, for host
 * frames: what an EPT contradicts when a flush of it begins is due, and condemned when the flush has completed. Entries
 * and the allocator's lists change by locked operations.
 */
import { defineOp, type Names } from '../engine/step.ts'
import { FREED, VALID } from './cached.ts'
import { contradictsEpt, eptNow, eptTableAt, largeAt } from './ept.ts'
import {
  EPT_FREED,
  EPT_LINKED,
  HOST_FREE,
  HOST_REUSED,
  HOST_USED,
  pieceOf,
  tellEptEntry,
} from './ept-entry.ts'
import type { Machine } from './machine.ts'

const named = (view: number, frame: number, n: Names): string => `EPT${view}[${n.frame(frame)}]`
const told = (word: number | undefined, n: Names): string =>
  word === undefined ? '' : tellEptEntry(word, (frame) => `host ${n.frame(frame)}`)

/** Reads the entry of EPT `a` for guest frame `b`. */
export const READ_EPT = defineOp(
  'read EPT',
  0,
  (a, b, _c, n, r) => `read ${named(a, b, n)}${r === undefined ? '' : ` -> ${told(r, n)}`}`,
)
/** Stores `c` as that entry with a locked exchange; results in the old one. */
export const XCHG_EPT = defineOp('xchg EPT', 0, (a, b, c, n) => `xchg ${named(a, b, n)}, ${told(c, n)}`)
/** Clears the flags `c` of that entry with a locked and; results in the old one. */
export const CLEAR_EPT = defineOp(
  'clear EPT flags',
  0,
  (a, b, c, n) => `clear flags ${c} of ${named(a, b, n)}`,
)
/** Links (`c` = 1) or unlinks the table of EPT `a` that maps guest frame `b`. */
export const LINK_EPT_TABLE = defineOp(
  'link EPT table',
  1,
  (a, b, c, n) => `${c === 1 ? 'link' : 'unlink'} the table of ${named(a, b, n)}`,
)
/** Stores `c` as the entry of the upper level of EPT `a` for guest frame `b`: a large one. */
export const SET_LARGE_EPT = defineOp(
  'map large EPT page',
  1,
  (a, b, c, n) => `map ${named(a, b, n)} by a large entry, ${told(pieceOf(c, b), n)}`,
)
/** Reads what a large entry of EPT `a` says of guest frame `b`. */
export const READ_LARGE_EPT = defineOp(
  'read large EPT entry',
  0,
  (a, b, _c, n, r) =>
    `read the large entry of ${named(a, b, n)}${r === undefined ? '' : ` -> ${told(r, n)}`}`,
)
/** Gives that table back. */
export const FREE_EPT_TABLE = defineOp(
  'free EPT table',
  1,
  (a, b, _c, n) => `free the table of ${named(a, b, n)}`,
)
/** Takes host frame `a` back. */
export const FREE_HOST = defineOp('free host frame', 1, (a, _b, _c, n) => `free host frame of ${n.frame(a)}`)
/** Gives host frame `a` to another owner; results in 1 if it was free. */
export const REUSE_HOST = defineOp(
  'reuse host frame',
  2,
  (a, _b, _c, n, r) => `reuse host frame of ${n.frame(a)}${r === 0 ? ': not free' : ''}`,
)
/** A flush after a change of the entry of EPT `a` for guest frame `b` begins; such flushes of one CPU do not nest. */
export const EPT_FLUSH_BEGINS = defineOp('EPT flush begins', 1, undefined, 'left')
export const EPT_FLUSH_DONE = defineOp('EPT flush done', 1, undefined, 'left')

export function installHostFrames(m: Machine): void {
  if (m.config.ept === 0) return
  const { cached } = m
  m.install(READ_EPT, (_v, view, frame) => m.S[m.eptAt(view, frame)])
  m.installDrained(XCHG_EPT, (_v, view, frame, to) => {
    const old = m.S[m.eptAt(view, frame)]
    m.S[m.eptAt(view, frame)] = to
    return old
  })
  m.installDrained(CLEAR_EPT, (_v, view, frame, flags) => {
    const old = m.S[m.eptAt(view, frame)]
    m.S[m.eptAt(view, frame)] = old & ~flags
    return old
  })
  m.installDrained(LINK_EPT_TABLE, (_v, view, frame, linked) => {
    const at = eptTableAt(m, view, frame)
    if (m.config.eptLarge) m.S[largeAt(m, view, frame)] = 0
    m.S[at] = linked === 1 ? m.S[at] | EPT_LINKED : m.S[at] & ~EPT_LINKED
    return 0
  })
  m.installDrained(SET_LARGE_EPT, (_v, view, frame, large) => {
    m.S[largeAt(m, view, frame)] = large
    return 0
  })
  m.install(READ_LARGE_EPT, (_v, view, frame) => {
    const large = m.S[largeAt(m, view, frame)]
    return large === 0 ? 0 : pieceOf(large, frame)
  })
  m.installDrained(FREE_EPT_TABLE, (v, view, frame) => {
    const at = eptTableAt(m, view, frame)
    if (m.S[at] & EPT_FREED) m.hooks.fact('bad-free', v, 1, frame)
    m.S[at] |= EPT_FREED
    return 0
  })
  m.installDrained(FREE_HOST, (v, host) => {
    if (m.S[m.hostFrame + host] !== HOST_USED) m.hooks.fact('bad-free', v, 1, host)
    m.S[m.hostFrame + host] = HOST_FREE
    for (let at = m.caches.tlb; at < m.caches.end; at++) {
      if (m.S[at] & VALID && cached.host(m.S[at]) === host) m.S[at] |= FREED
    }
    return 0
  })
  m.installDrained(REUSE_HOST, (_v, host) => {
    if (m.S[m.hostFrame + host] !== HOST_FREE) return 0
    m.S[m.hostFrame + host] = HOST_REUSED
    return 1
  })
  m.install(EPT_FLUSH_BEGINS, (v, view, frame) => {
    const due = cached.eptDue(v)
    const now = eptNow(m, view, frame)
    for (let at = m.caches.tlb; at < m.caches.end; at++) {
      if (guestFrameAt(m, at) !== frame || viewAt(m, at) !== view || !contradictsEpt(m, m.S[at], now))
        continue
      m.S[at] |= due
      m.hooks.witness('stale-at-flush')
    }
    return 0
  })
  m.install(EPT_FLUSH_DONE, (v) => {
    const due = cached.eptDue(v)
    for (let at = m.caches.tlb; at < m.caches.end; at++)
      if (m.S[at] & due) m.S[at] = (m.S[at] & ~due) | cached.eptCondemned
    return 0
  })
}

/** The guest frame that a cached word translates: guest-physical mappings are found by it, others tell it. */
function guestFrameAt(m: Machine, at: number): number {
  if (at < m.caches.guestPhysical || at >= m.caches.emulator) return m.cached.frame(m.S[at])
  return (at - m.caches.guestPhysical) % m.caches.guestPhysicalSlots
}

/** The EPT that a cached word was made with. */
function viewAt(m: Machine, at: number): number {
  if (m.config.svm) return m.cached.view(m.S[at])
  const { views } = m.caches
  if (at < m.caches.structures)
    return Math.floor((at - m.caches.tlb) / (m.caches.tagsOfView * m.caches.tagSize)) % views
  if (at < m.caches.latch)
    return Math.floor((at - m.caches.structures) / (m.caches.pcids * m.caches.structureSlots)) % views
  if (at >= m.caches.guestPhysical && at < m.caches.emulator)
    return Math.floor((at - m.caches.guestPhysical) / m.caches.guestPhysicalSlots) % views
  const { vcpus } = m.config
  return m.caches.view((at - (at >= m.caches.emulator ? m.caches.emulator : m.caches.latch)) % vcpus)
}
