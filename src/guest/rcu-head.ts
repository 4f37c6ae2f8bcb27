/**
 * call_rcu of anything: a head is a word of the policy's own that waits for the readers of the moment, and then drops a
 * reference to a frame, or raises one of the policy's vectors on the CPU that called (the softirq that runs callbacks).
 * Callbacks of one vector may collapse, as interrupts do: what they are about is kept in variables. kernel/rcu/tree.c.
 */
import { defineOp } from '../engine/step.ts'
import { SEND_IPI } from '../machine/interrupts.ts'
import { PUT } from '../machine/frames.ts'
import type { Machine } from '../machine/machine.ts'
import type { SharedDeclaration, SharedWords, Word } from '../machine/word.ts'

/** call_rcu with head `a`; `b` says what is done after the grace period. */
export const CALL_RCU_HEAD = defineOp('call_rcu with head', 1, (a, b, _c, n) => {
  const what = b & IS_FRAME ? `put ${n.frame(b >> 1)}` : `run ${n.vector(b >> 1)}`
  return `call_rcu ${n.word(a)}: ${what} later`
})

/** `b` of CALL_RCU_HEAD: a frame or a vector, above one bit that says which. */
const IS_FRAME = 1
export const puts = (frame: number): number => (frame << 1) | IS_FRAME
export const raises = (vector: number): number => vector << 1

/** A head that waits: this bit, its readers, its CPU, what it does. */
const ARMED = 1
const READERS_SHIFT = 1
const READERS = 63 << READERS_SHIFT
const CPU_SHIFT = 7
const WHAT_SHIFT = 10
const HEAD_MAX = 2 ** 17 - 1

type HeadDeclaration<K extends 'one' | 'per-cpu'> = SharedDeclaration & {
  readonly kind: K
  readonly rcuHead: true
}

const head = <K extends 'one' | 'per-cpu'>(kind: K): HeadDeclaration<K> => ({
  kind,
  max: HEAD_MAX,
  initial: 0,
  rcuHead: true,
})
/** Declares an rcu_head among the variables of a policy. */
export const rcuHead = (): HeadDeclaration<'one'> => head('one')
/** Declares an rcu_head for each CPU. */
export const rcuHeads = (): HeadDeclaration<'per-cpu'> => head('per-cpu')

export class RcuHeads {
  readonly words: readonly Word[]
  private readonly m: Machine

  constructor(m: Machine, declared: Record<string, SharedDeclaration>, shared: Record<string, SharedWords>) {
    this.m = m
    this.words = Object.entries(declared).flatMap(([name, declaration]) => {
      if (!('rcuHead' in declaration)) return []
      const copies = declaration.kind === 'one' ? 1 : m.config.vcpus
      return Array.from({ length: copies }, (_, cpu) => shared[name].of(cpu))
    })
  }

  /** A head is used a second time before its grace period was over: the same object is freed twice. */
  arm(v: number, at: number, what: number, readers: number): void {
    const { m } = this
    if (m.S[at] & ARMED) m.hooks.fact('bad-free', v, 1, what & IS_FRAME ? what >> 1 : 0)
    if (readers !== 0) m.hooks.witness('rcu-waited')
    m.S[at] = ARMED | (readers << READERS_SHIFT) | (v << CPU_SHIFT) | (what << WHAT_SHIFT)
  }

  /** A CPU has left its section. */
  quiescent(v: number): void {
    const { S } = this.m
    for (let i = 0; i < this.words.length; i++) S[this.words[i].at] &= ~(1 << (READERS_SHIFT + v))
  }

  /** True if the grace period of head number `i` is over. */
  isDue(i: number): boolean {
    const word = this.m.S[this.words[i].at]
    return (word & ARMED) !== 0 && (word & READERS) === 0
  }

  run(i: number): void {
    const { m } = this
    const { at } = this.words[i]
    const word = m.S[at]
    const what = word >> WHAT_SHIFT
    const cpu = (word >> CPU_SHIFT) & 7
    m.S[at] = 0
    if (what & IS_FRAME) m.execute[PUT.code](cpu, what >> 1, 0, 0)
    else m.execute[SEND_IPI.code](cpu, cpu, what >> 1, 0)
  }
}
