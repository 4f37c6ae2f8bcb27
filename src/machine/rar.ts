/**
 * Intel's Remote Action Requests, as far as they are published (white paper 341431; Linux patches that add
 * arch/x86/mm/rar.c). A payload in a table of memory says what to invalidate; each CPU has an action vector, also in
 * memory, with a byte for each payload; a RAR signal makes microcode serve what is PENDING there, at the next
 * instruction boundary, whatever IF says. Left out: who sets the tables up, and RAR without IGNORE_IF.
 */
import { defineOp, perform, type Code } from '../engine/step.ts'
import { fail } from '../errors.ts'
import { RAR_FAILURE, RAR_PENDING, RAR_SUCCESS } from './events.ts'
import { abortSpeculation } from './invalidate.ts'
import type { Machine } from './machine.ts'
import { dropOperand, encodeOperand, tellOperand, type Operand } from './operand.ts'
import type { Word } from './word.ts'

/** Sends the RAR signal to CPU `a`. */
export const SEND_RAR = defineOp('send RAR', 1, (a) => `send RAR signal to CPU${a}`)
/** Microcode looks at its action for payload `a`. */
const RAR_LOOK = defineOp('RAR look', 3, (a, _b, _c, _n, r) =>
  r === undefined
    ? `RAR: look at action ${a}`
    : `RAR: action ${a} is ${['SUCCESS', 'PENDING', 'FAILURE'][r]}`,
)
/** Microcode does what payload `a` says, and stores how that went; the result is the payload. */
const RAR_SERVE = defineOp('RAR serve', 0, (a, _b, _c, n, r) => {
  if (r === undefined) return `RAR: serve payload ${a}`
  return `RAR: payload ${a}: ${r === 0 ? 'FAILURE' : tellOperand(r, n.pages)}`
})

export function installRar(m: Machine): void {
  const { payloads, actions, signal } = m.events
  m.installSend(SEND_RAR, (_v, target) => {
    if (!m.isOffline(target)) m.S[signal + target] = 1
    return 0
  })
  m.install(RAR_LOOK, (v, slot) => m.S[actions[v][slot].at])
  m.installDrained(RAR_SERVE, (v, slot) => {
    const operand = m.S[payloads[slot].at]
    if (operand !== 0) dropOperand(m, m.caches.context(v), operand)
    abortSpeculation(m, v)
    m.S[actions[v][slot].at] = operand === 0 ? RAR_FAILURE : RAR_SUCCESS
    return operand
  })
}

/** What microcode does upon a RAR signal. */
export function* rarMicrocode(slots: number): Code {
  for (let slot = 0; slot < slots; slot++) {
    if ((yield* perform(RAR_LOOK, slot)) === RAR_PENDING) yield* perform(RAR_SERVE, slot)
  }
}

/** The tables of Remote Action Requests, and the signal. */
export class Rar {
  private readonly tables: Pick<Machine['events'], 'payloads' | 'actions'>

  constructor(tables: Pick<Machine['events'], 'payloads' | 'actions'>) {
    this.tables = tables
  }

  /** Entry of the payload table: what {@link request} encodes. 0 is no valid request. */
  payload(slot: number): Word {
    return this.find(this.tables.payloads, 'payload(slot)', slot)
  }

  /** A CPU's action for a payload: RAR_PENDING until microcode has stored RAR_SUCCESS or RAR_FAILURE. */
  action(cpu: number, slot: number): Word {
    return this.find(this.find(this.tables.actions, 'action(cpu, slot)', cpu), 'action(cpu, slot)', slot)
  }

  /** A request as a payload. */
  request(what: Operand): number {
    return encodeOperand(what)
  }

  /** Sends the RAR signal; does not wait. Signals to one CPU collapse while one is pending. */
  *send(target: number): Code {
    this.find(this.tables.actions, 'target of rar.send', target)
    yield* perform(SEND_RAR, target)
  }

  private find<T>(all: readonly T[], what: string, index: number): T {
    const found = all[index]
    if (found !== undefined) return found
    if (all.length === 0) throw fail.needsFeature('RAR', 'rar')
    throw fail.badConfig(what, index, `0 to ${all.length - 1}`)
  }
}
