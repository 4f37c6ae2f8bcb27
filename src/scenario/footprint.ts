/**
 * What a transition of a world touches, for strategies that tell races from steps that commute: the word that an
 * operation names, the entry that a walk reads, one word for all cached translations of a vCPU, and one for whether the
 * vCPU runs. What is not listed touches everything; freeing a table is left out on purpose, for it races with every use.
 */
import { argA, argB, argC, opOf, type Coroutines } from '../engine/coroutine.ts'
import { EVERYTHING, reads, writes } from '../engine/footprint.ts'
import type { Op } from '../engine/step.ts'
import { ACKNOWLEDGE, AWAIT_ACK, FILL_SLOT, READ_SLOT } from '../guest/smp.ts'
import { FLUSH_VCPU, IS_RUNNING } from '../hypervisor/host-ops.ts'
import { ACCESS } from '../machine/access.ts'
import { PUT, REUSE, TRY_GET } from '../machine/frames.ts'
import { CLI, READ_IF, SEND_IPI, STI } from '../machine/interrupts.ts'
import { INVLPG, LOAD_CR3 } from '../machine/invalidate.ts'
import type { Machine } from '../machine/machine.ts'
import {
  ADD,
  AND,
  CMPXCHG,
  LOAD,
  LOCK,
  OR,
  STORE,
  UNLOCK,
  UNTIL,
  WAIT_FREE,
  XCHG,
} from '../machine/memory.ts'
import {
  CLEAR_ENTRY,
  GRANT_ENTRY,
  PEEK_ENTRY,
  READ_ENTRY,
  REVOKE_ENTRY,
  SAME_ENTRY,
  SET_ENTRY,
  XCHG_ENTRY,
} from '../machine/table-ops.ts'
import { WALK_READ } from '../machine/page-walk.ts'
import { levelOf, pageOf } from '../machine/walk-stage.ts'
import * as T from './transition.ts'

type Touch = (m: Machine, v: number, a: number, b: number, c: number) => number

const entry = (m: Machine, a: number, b: number): number => m.entryAt(a, b & 7, b >> 3)

const groups: readonly (readonly [Touch, readonly Op[]])[] = [
  [(_m, _v, a) => reads(a), [LOAD, UNTIL, WAIT_FREE, READ_SLOT, AWAIT_ACK]],
  [(_m, _v, a) => writes(a), [STORE, XCHG, CMPXCHG, OR, AND, ADD, LOCK, UNLOCK, FILL_SLOT, ACKNOWLEDGE]],
  [(m, _v, a, b) => reads(entry(m, a, b)), [READ_ENTRY, PEEK_ENTRY, SAME_ENTRY]],
  [(m, _v, a, b) => writes(entry(m, a, b)), [CLEAR_ENTRY, SET_ENTRY, REVOKE_ENTRY, GRANT_ENTRY, XCHG_ENTRY]],
  [(m, _v, a, b, c) => reads(m.entryAt(a, levelOf(b) || 1, pageOf(c))), [WALK_READ]],
  [(m, _v, a) => writes(m.frame + a), [TRY_GET, PUT, REUSE]],
  [(m, v) => reads(m.caches.tlbNow(v)), [ACCESS]],
  [(m, v) => writes(m.caches.tlbNow(v)), [INVLPG, LOAD_CR3]],
  [(m, _v, a) => writes(m.caches.tlbNow(a)), [FLUSH_VCPU]],
  [(m, v) => writes(m.interruptFlag + v), [CLI, STI]],
  [(m, v) => reads(m.interruptFlag + v), [READ_IF]],
  [(m, _v, a) => writes(m.pending + a), [SEND_IPI]],
  [(m, _v, a) => reads(m.on + a), [IS_RUNNING]],
]

const touches: (Touch | undefined)[] = []
for (const [touch, ops] of groups) for (const { code } of ops) touches[code] = touch

/** What the step that `node` asks for touches, if walker `v` takes it. */
function stepFootprint(m: Machine, { nodes }: Coroutines, v: number, node: number): number {
  const walks = opOf(nodes, node) === ACCESS.code && m.S[m.walk + v] !== 0
  const at = walks ? m.S[m.walk + v] : node
  const touch = touches[opOf(nodes, at)]
  return touch === undefined ? EVERYTHING : touch(m, v, argA(nodes, at), argB(nodes, at), argC(nodes, at))
}

/** What a transition touches; `node` is the step that comes next where it is one of a walker. */
export function footprintOf(m: Machine, co: Coroutines, t: number, node: number): number {
  const who = T.whoOf(t)
  if (who >= m.config.vcpus) return EVERYTHING
  switch (T.kindOf(t)) {
    case T.STEP:
      return stepFootprint(m, co, who, node)
    case T.INTERRUPT:
      return writes(m.pending + who)
    case T.SCHEDULE:
    case T.DESCHEDULE:
    case T.PREEMPT:
      return writes(m.on + who)
    case T.SPECULATE:
    case T.SPECULATION_STEP:
    case T.EVICT:
      return writes(m.caches.tlbNow(who))
    default:
      return EVERYTHING
  }
}
