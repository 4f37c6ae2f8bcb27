/**
 * Reads, writes and instruction fetches. An access is one instruction of several steps: look-up (a TLB hit is used at
 * once), page walk level by level, then the access itself with the translation that the walk left. Interrupts wait for
 * its end; a VM exit makes it start anew. Faults end it: demand paging is not modelled.
 */
import { argA, argB, argC, type Coroutines } from '../engine/coroutine.ts'
import { defineOp } from '../engine/step.ts'
import { CACHED_D, CACHED_G, CONDEMNED, FREED, RIGHTS, VALID, keyOfCached } from './cached.ts'
import { noteAccess } from './copy.ts'
import { isWritable, frameOf } from './entry.ts'
import { allowsNested, dropViolating, eptRight, freedBy, judgeNested, madeWith, takenBy } from './ept.ts'
import { STALE_FRAME, STALE_RIGHTS, STORED_TOO_LATE } from './facts.ts'
import { abortSpeculation, dropFaulting } from './invalidate.ts'
import { CONTENT_MAX, DATA, KIND, SUPERSEDED, WRITTEN, type Machine } from './machine.ts'
import { ALLOWED, FETCH, MEANT, MEANT_SHIFT, PF_P, SUPERVISOR, WRITE, judgeAccess } from './rights.ts'
import { isExcused, noteChange } from './stale-reads.ts'
import { translationNow } from './tables.ts'
import { fillDeviceTlb, inDeviceTlb, lookUp } from './tlb.ts'
import { choicesAtStart, choicesOf } from './walk-choices.ts'
import { pageWalk } from './walk.ts'
import { FAULT, PAST_TLB, walkRequest } from './walk-stage.ts'

/** With this bit in its mode an access tells more than whether it faulted: see {@link decodeAccess}. */
export const DETAILED = 1 << 5

/** Access to page `a` in mode `b`, storing `c` if it writes. Results in 1 if it faulted, or in the details asked for. */
export const ACCESS = defineOp('access', 2, (a, b, _c, n, r) => {
  const who = b & SUPERVISOR ? ' (supervisor)' : ''
  const whose = b & MEANT ? ` of mm${b >> MEANT_SHIFT}` : ''
  const what = `${b & WRITE ? 'write' : b & FETCH ? 'fetch' : 'read'} ${n.page(a)}${whose}${who}`
  if (r === undefined || r === 0 || (b & DETAILED && (r & 1) === 0)) return what
  return `${what} -> #PF${b & DETAILED ? `(${r >> 1})` : ''}`
})

/** What came of an access. */
export interface Access {
  /** It raised an exception: a page fault, or #GP. */
  readonly fault: boolean
  /** It raised #GP: the address is not canonical, or beyond the limit of its segment. */
  readonly gp: boolean
  /** Error code of the page fault, 0 without one. {@link EPT_VIOLATION} stands for one that the host did not resolve. */
  readonly code: number
  /** The frame of memory that was reached (with EPT a host frame), 0 for none. */
  readonly frame: number
  /** What it holds: for a write, what was stored. 0 in a scenario without contents. */
  readonly value: number
}

export const decodeAccess = (result: number): Access =>
  result & 1
    ? { fault: true, gp: false, code: result >> 1, frame: 0, value: 0 }
    : { fault: false, gp: false, code: 0, frame: (result >> 1) & 63, value: result >> 7 }

/** What came of an access that raised #GP. */
export const GENERAL_PROTECTION: Access = { fault: true, gp: true, code: 0, frame: 0, value: 0 }

/** In place of an error code: the access is an EPT violation. */
export const EPT_VIOLATION = 1 << 8

/** What a step of an access came to. */
export const UNFINISHED = -1
/** A VM exit because of an EPT violation of `m.violated`; the host decides what comes of the access. */
export const VIOLATES = -2
/** What an access results in that the host has given up. */
export const givenUp = (mode: number): number => (mode & DETAILED ? (EPT_VIOLATION << 1) | 1 : 1)

const hits = new Int32Array(4)

/** How many outcomes the next step of an access has for the explorer to pick from. */
export function accessOutcomes(m: Machine, co: Coroutines, v: number, node: number): number {
  const { multihit, globals, lateAccessed, alternates } = m.config
  if (!multihit && !globals && !lateAccessed && !alternates && m.buffer.depth === 0) return 1
  const walk = m.S[m.walk + v]
  if (walk !== 0) {
    const { nodes } = co
    return choicesOf(m, v, argA(nodes, walk), argB(nodes, walk), argC(nodes, walk))
  }
  if (m.S[m.latch + v] & VALID) return 1
  const page = argA(co.nodes, node)
  return waysOf(m, v, lookUp(m, v, page, hits)) * choicesAtStart(m, v, page, argB(co.nodes, node) & ~DETAILED)
}

/** How many ways an access can go that has found so many translations: each of them, or a walk past them. */
const waysOf = (m: Machine, v: number, found: number): number =>
  found === 0 ? 1 : found + (m.config.alternates && v < m.config.vcpus ? 1 : 0)

/** Takes the next step of the access that `node` asks for: its result, or UNFINISHED. */
export function stepAccess(
  m: Machine,
  co: Coroutines,
  v: number,
  node: number,
  stepWalk: (v: number) => number,
): number {
  const page = argA(co.nodes, node)
  const mode = argB(co.nodes, node)
  const value = argC(co.nodes, node)
  const { config } = m
  if (m.S[m.walk + v] === 0) {
    const held = m.S[m.latch + v]
    if (held & VALID) {
      m.S[m.latch + v] = 0
      m.S[m.walkPage + v] = 0
      return use(m, v, page, held, mode, value)
    }
    const own = inDeviceTlb(m, v, page, (mode & WRITE) !== 0)
    if (own !== 0) return sendOff(m, v, page, own)
    const found = lookUp(m, v, page, hits)
    if (found > 0) {
      // Which hit is used is one part of the pick; the rest is the pick of the walk's first step, if there is a walk.
      const ways = waysOf(m, v, found)
      const way = m.alternative % ways
      m.alternative = Math.floor(m.alternative / ways)
      if (way === found) return beginWalk(m, co, v, page, mode | PAST_TLB, stepWalk)
      const at = hits[way]
      const hit = m.S[at]
      const judged = judgeAccess(m, v, mode, hit & RIGHTS, keyOfCached(hit))
      if (judged !== ALLOWED && !config.rewalk) {
        m.S[at] = 0
        return fault(m, v, page, mode, judged)
      }
      if (judged === ALLOWED && m.eptp >= 0 && !config.rewalk) {
        if ((m.cached.nested(hit) & eptRight(mode)) === 0) return violate(m, v, page, m.cached.frame(hit))
      }
      // A store that finds D clear in the TLB takes the D assist, which is a walk: it may start from a cached level.
      if (judged === ALLOWED && ((mode & WRITE) === 0 || hit & CACHED_D)) {
        if (m.eptp < 0 || allowsNested(m, hit, eptRight(mode))) {
          if (v < m.config.vcpus) return use(m, v, page, hit, mode, value)
          fillDeviceTlb(m, v, page, hit)
          return sendOff(m, v, page, hit)
        }
      }
    }
    return beginWalk(m, co, v, page, mode, stepWalk)
  }
  return goOnWalking(m, v, page, mode, stepWalk)
}

/** A step of its instruction, which is a walk: it goes on for now, or has ended in a fault. */
function goOnWalking(
  m: Machine,
  v: number,
  page: number,
  mode: number,
  stepWalk: (v: number) => number,
): number {
  if (stepWalk(v) !== FAULT) return UNFINISHED
  return m.violated === 0 ? fault(m, v, page, mode, m.errorCode) : violate(m, v, page, m.violated)
}

function beginWalk(
  m: Machine,
  co: Coroutines,
  v: number,
  page: number,
  mode: number,
  stepWalk: (v: number) => number,
): number {
  m.S[m.walkPage + v] = page
  m.S[m.walk + v] = walkRoot(co, page, mode & ~DETAILED, m.config.ept > 0)
  return goOnWalking(m, v, page, mode, stepWalk)
}

/** What a device has had translated is on its way to memory for a while. */
function sendOff(m: Machine, v: number, page: number, entry: number): number {
  m.S[m.latch + v] = entry
  m.S[m.walkPage + v] = page
  return UNFINISHED
}

/** Accesses have several steps, which {@link stepAccess} takes; there is no single thing to execute. */
export function installAccess(m: Machine): void {
  const { buffer, content } = m
  m.install(
    ACCESS,
    () => {
      throw new Error('an access is stepped, not executed')
    },
    // What frames hold is written through the store buffer, like all of memory.
    content < 0 || buffer.depth === 0
      ? undefined
      : (v, _page, mode) => (mode & WRITE) === 0 || !buffer.isFull(v),
  )
  const before = buffer.arriving
  buffer.arriving = (v, word, value) => {
    const frame = content < 0 ? 0 : m.geometry.frameOfContent(word - content)
    if (frame === 0) return before(v, word, value)
    const ghost = takenBy(m, v, frame)
    if (ghost !== 0) m.hooks.fact('frame-access', v, ghost, frame)
    return withValue(m.S[word], value)
  }
}

/** What a frame holds, with another value: its ghosts stay. */
const withValue = (content: number, value: number): number => (content & ~CONTENT_MAX) | (value & CONTENT_MAX)

/** First control state of a walk. */
export function walkRoot(co: Coroutines, page: number, mode: number, nested: boolean): number {
  const key = walkRequest(page, mode)
  return (
    (roots.get(co) ?? remember(co))[key] ??
    (roots.get(co)![key] = co.root(`page walk ${key}`, () => pageWalk(key, nested)))
  )
}

const roots = new WeakMap<Coroutines, number[]>()
function remember(co: Coroutines): number[] {
  const fresh: number[] = []
  roots.set(co, fresh)
  return fresh
}

function fault(m: Machine, v: number, page: number, mode: number, code: number): number {
  m.S[m.walkPage + v] = 0
  if (v < m.config.vcpus) {
    dropFaulting(m, v, page)
    // An access faults for outdated rights once, not twice: what a speculative walk has found of them goes as well.
    if (code & PF_P && m.S[m.speculationPage + v] === page) abortSpeculation(m, v)
  }
  return mode & DETAILED ? (code << 1) | 1 : 1
}

function violate(m: Machine, v: number, page: number, frame: number): number {
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
    if (madeWith(m, v, entry) !== m.view(v)) m.hooks.fact('foreign-access', v, 1, frame)
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
