/**
 * User-mode reads and writes. An access is one instruction of several steps: look-up (a TLB hit is used at once),
 * page walk level by level, then the access itself with the translation that the walk left. Interrupts wait for its
 * end; a VM exit makes it start anew. Faults end it: demand paging is not modelled.
 */
import { argA, argB, type Coroutines } from '../engine/coroutine.ts'
import { defineOp } from '../engine/step.ts'
import { CACHED_D, CACHED_W, CONDEMNED, FREED, VALID } from './cached.ts'
import { isWritable, frameOf } from './entry.ts'
import { STALE_FRAME, STALE_RIGHTS, STORED_TOO_LATE } from './facts.ts'
import { dropFaulting } from './invalidate.ts'
import { DATA, KIND, SUPERSEDED, WRITTEN, type Machine } from './machine.ts'
import { translationNow } from './tables.ts'
import { FAULT, pageWalk } from './walk.ts'

/** Access to page `a`; `b` is 1 for a write. Results in 1 if it faulted. */
export const ACCESS = defineOp(
  'access',
  2,
  (a, b, _c, n, r) => `${b ? 'write' : 'read'} ${n.page(a)}${r === 1 ? ' -> #PF' : ''}`,
)

/** What a step of an access came to. */
export const UNFINISHED = -1

/** Takes the next step of the access that `node` asks for: its result, or UNFINISHED. */
export function stepAccess(
  m: Machine,
  co: Coroutines,
  v: number,
  node: number,
  stepWalk: (v: number) => number,
): number {
  const page = argA(co.nodes, node)
  const write = argB(co.nodes, node) === 1
  if (m.S[m.walk + v] === 0) {
    const held = m.S[m.latch + v]
    if (held & VALID) {
      m.S[m.latch + v] = 0
      m.S[m.walkPage + v] = 0
      return use(m, v, page, held, write)
    }
    const hit = m.S[m.tlb + m.context(v) * m.config.pages.length + m.pageSlot[page]]
    if (hit & VALID) {
      if (write && (hit & CACHED_W) === 0) return fault(m, v, page)
      // A store that finds D clear in the TLB takes the D assist, which is a walk: it may start from a cached level.
      if (!write || hit & CACHED_D) return use(m, v, page, hit, write)
    }
    m.S[m.walkPage + v] = page
    m.S[m.walk + v] = walkRoot(co, page, write, false)
  }
  const outcome = stepWalk(v)
  return outcome === FAULT ? fault(m, v, page) : UNFINISHED
}

/** Accesses have several steps, which {@link stepAccess} takes; there is no single thing to execute. */
export function installAccess(m: Machine): void {
  m.install(ACCESS, () => {
    throw new Error('an access is stepped, not executed')
  })
}

/** First control state of a walk. */
export function walkRoot(co: Coroutines, page: number, write: boolean, speculative: boolean): number {
  const key = (page << 2) | (write ? 2 : 0) | (speculative ? 1 : 0)
  return (
    (roots.get(co) ?? remember(co))[key] ??
    (roots.get(co)![key] = co.root(`page walk ${key}`, () => pageWalk(page, write, speculative)))
  )
}

const roots = new WeakMap<Coroutines, number[]>()
function remember(co: Coroutines): number[] {
  const fresh: number[] = []
  roots.set(co, fresh)
  return fresh
}

function fault(m: Machine, v: number, page: number): number {
  m.S[m.walkPage + v] = 0
  dropFaulting(m, v, page)
  return 1
}

/** The access reaches memory through `entry`. */
function use(m: Machine, v: number, page: number, entry: number, write: boolean): number {
  const frame = m.cached.frame(entry)
  const space = m.cached.space(entry)
  if (entry & FREED) m.hooks.fact('frame-access', v, 1, frame)
  if (space !== m.S[m.cr3 + v]) m.hooks.fact('foreign-access', v, 1, frame)
  if (entry & CONDEMNED) {
    const now = translationNow(m, space, page)
    if (now === 0 || frameOf(now) !== frame) m.hooks.fact('stale-access', v, STALE_FRAME, frame)
    else if (write && !isWritable(now)) m.hooks.fact('stale-access', v, STALE_RIGHTS, frame)
  }
  if (!write || (m.S[m.frame + frame] & KIND) !== DATA) return 0
  if (m.S[m.frame + frame] & SUPERSEDED) m.hooks.fact('superseded', v, STORED_TOO_LATE, frame)
  m.S[m.frame + frame] |= WRITTEN
  return 0
}
