/**
 * Reads, writes and instruction fetches. An access is one instruction of several steps: look-up (a TLB hit is used at
 * once), page walk level by level, then the access itself with the translation that the walk left. Interrupts wait for
 * its end; a VM exit makes it start anew. Faults end it: demand paging is not modelled.
 */
import { argA, argB, argC, type Coroutines } from '../engine/coroutine.ts'
import { defineOp } from '../engine/step.ts'
import { CACHED_D, RIGHTS, VALID, keyOfCached } from './cached.ts'
import type { MachineConfig } from './config.ts'
import { allowsNested, eptRight, takenBy } from './ept.ts'
import type { Machine } from './machine.ts'
import { ALLOWED, FETCH, MEANT, MEANT_SHIFT, SUPERVISOR, WRITE, judgeAccess } from './rights.ts'
import { fillDeviceTlb, inDeviceTlb, lookUp } from './tlb.ts'
import { choicesAtStart, choicesOf } from './walk-choices.ts'
import { pageWalk } from './page-walk.ts'
import { FAULT, PAST_TLB, walkRequest } from './walk-stage.ts'
import { DETAILED, UNFINISHED } from './access-result.ts'
import { withValue, fault, violate, use } from './access-effect.ts'

/** Access to page `a` in mode `b`, storing `c` if it writes. Results in 1 if it faulted, or in the details asked for. */
export const ACCESS = defineOp('access', 2, (a, b, _c, n, r) => {
  const who = b & SUPERVISOR ? ' (supervisor)' : ''
  const whose = b & MEANT ? ` of mm${b >> MEANT_SHIFT}` : ''
  const what = `${b & WRITE ? 'write' : b & FETCH ? 'fetch' : 'read'} ${n.page(a)}${whose}${who}`
  if (r === undefined || r === 0 || (b & DETAILED && (r & 1) === 0)) return what
  return `${what} -> #PF${b & DETAILED ? `(${r >> 1})` : ''}`
})

const hits = new Int32Array(4)

/** True for machines on which the steps of an access can have several outcomes. */
export const hasAlternatives = (config: MachineConfig): boolean =>
  config.storeBuffer > 0 || anyChooses(config)

/** The same of every access; with store buffers alone it is only the walks of fetches that have a choice. */
const anyChooses = ({ multihit, globals, lateAccessed, alternates }: MachineConfig): boolean =>
  multihit || globals || lateAccessed || alternates

/** How many outcomes the next step of an access has for the explorer to pick from. */
export function accessOutcomes(m: Machine, co: Coroutines, v: number, node: number): number {
  const { nodes } = co
  const mode = argB(nodes, node)
  if ((mode & FETCH) === 0 && !anyChooses(m.config)) return 1
  const walk = m.S[m.walk + v]
  if (walk !== 0) return choicesOf(m, v, argA(nodes, walk), argB(nodes, walk), argC(nodes, walk))
  if (m.S[m.caches.latch + v] & VALID) return 1
  const page = argA(nodes, node)
  return waysOf(m, v, lookUp(m, v, page, hits)) * choicesAtStart(m, v, page, mode & ~DETAILED)
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
    const held = m.S[m.caches.latch + v]
    if (held & VALID) {
      m.S[m.caches.latch + v] = 0
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
  m.S[m.walk + v] = walkRoot(m, co, page, mode & ~DETAILED)
  return goOnWalking(m, v, page, mode, stepWalk)
}

/** What a device has had translated is on its way to memory for a while. */
function sendOff(m: Machine, v: number, page: number, entry: number): number {
  m.S[m.caches.latch + v] = entry
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

/** First control state of a walk. */
export function walkRoot(m: Machine, co: Coroutines, page: number, mode: number): number {
  const key = walkRequest(page, mode)
  return (m.walkRoots[key] ??= co.root(`page walk ${key}`, () => pageWalk(key, m.config.ept > 0)))
}
