/**
 * RCU: read-side sections, grace periods, and what is put off until one has passed: the free of a page table, or what a
 * policy's own head of call_rcu stands for. Interrupts off count as a read-side section (rcu-sched).
 */
import { defineOp } from '../engine/step.ts'
import { fail } from '../errors.ts'
import { IRQS_OFF, READ_SIDE } from '../machine/facts.ts'
import { DYING, KIND, TABLE } from '../machine/frame-word.ts'
import { release } from '../machine/frames.ts'
import type { Machine } from '../machine/machine.ts'
import { CALL_RCU_HEAD, type RcuHeads } from './rcu-head.ts'
import { MIGHT_SLEEP } from './spinlock.ts'

/** call_rcu for a table: it is freed once every reader of now has left. */
export const CALL_RCU = defineOp('call_rcu', 1, (a, _b, _c, n) => `call_rcu: free ${n.frame(a)} later`)
/** A grace period begins for this CPU. */
export const SYNC_RCU_BEGIN = defineOp('synchronize_rcu begins', 1, () => 'synchronize_rcu')
export const SYNC_RCU_END = defineOp('synchronize_rcu', 1, () => 'wait for the grace period')
export const RCU_LOCK = defineOp('rcu_read_lock', 1)
export const RCU_UNLOCK = defineOp('rcu_read_unlock', 1)

/** Read-side sections within each other; no kernel code is near it. */
const MAX_NESTING = 7

export class Rcu {
  /** How many things may be put off, by number: the free of each table, then the policy's heads. */
  readonly deferrals: number
  /** Per table: the readers that its deferred free waits for. */
  private readonly callbacks: number
  /** Per CPU: the readers that its synchronize_rcu waits for. */
  private readonly waiters: number
  /** Per CPU: read-side sections that it is in. */
  private readonly nesting: number
  /** Words of the frames that are, or can become, page tables. */
  private readonly tableWords: Int32Array
  private readonly m: Machine
  private readonly heads: RcuHeads

  constructor(m: Machine, heads: RcuHeads) {
    this.m = m
    this.heads = heads
    const { vcpus } = m.config
    const all = 2 ** vcpus - 1
    this.tableWords = Int32Array.from(m.tableFrames, (frame) => m.frame + frame)
    this.deferrals = m.tableFrames.length + heads.words.length
    this.callbacks = m.layout.add('rcu callback', m.tableFrames.length, all)
    this.waiters = m.layout.add('rcu grace period', vcpus, all)
    this.nesting = m.layout.add('rcu nesting', vcpus, MAX_NESTING)
    this.install()
  }

  /** True if a CPU holds grace periods off. */
  private isReader(v: number): boolean {
    const { m } = this
    const { S, interruptFlag, buffer } = m
    return (S[interruptFlag + v] === 0 && !m.isOffline(v)) || S[this.nesting + v] !== 0 || !buffer.isEmpty(v)
  }

  /**
   * CPUs that a grace period waits for: those inside a read-side critical section; IF=0 counts as one, unless they are
   * offline. Stores of a section are visible before the grace period ends (Documentation/RCU/Design/Memory-Ordering), so
   * a CPU counts as long as it has some that are not.
   */
  private readers(): number {
    let mask = 0
    for (let v = 0; v < this.m.config.vcpus; v++) if (this.isReader(v)) mask |= 1 << v
    return mask
  }

  /** A CPU may have left its section: nobody waits for it any more if so. */
  quiescent(v: number): void {
    const { S, tableFrames, config } = this.m
    if (this.isReader(v)) return
    const others = ~(1 << v)
    for (let slot = 0; slot < tableFrames.length; slot++) S[this.callbacks + slot] &= others
    for (let cpu = 0; cpu < config.vcpus; cpu++) S[this.waiters + cpu] &= others
    this.heads.quiescent(v)
  }

  /** True if deferral number `i` can be done now. */
  isDue(i: number): boolean {
    const { S } = this.m
    const { tableWords } = this
    if (i >= tableWords.length) return this.heads.isDue(i - tableWords.length)
    return (S[tableWords[i]] & KIND) === DYING && S[this.callbacks + i] === 0
  }

  doDeferred(i: number): void {
    const { tableFrames } = this.m
    if (i < tableFrames.length) release(this.m, tableFrames[i])
    else this.heads.run(i - tableFrames.length)
  }

  /** What deferral number `i` is about: the table, or the head. */
  nameOf(i: number): string {
    const { tableFrames, geometry } = this.m
    return i < tableFrames.length
      ? geometry.name(tableFrames[i])
      : this.heads.words[i - tableFrames.length].name
  }

  private mightSleep(v: number): void {
    const { S, interruptFlag, hooks } = this.m
    if (S[interruptFlag + v] === 0) hooks.fact('sleep', v, IRQS_OFF, 0)
    else if (S[this.nesting + v] !== 0) hooks.fact('sleep', v, READ_SIDE, 0)
  }

  private install(): void {
    const { m } = this
    // A grace period begins with full ordering. That it happens in the call itself makes no store visible too late.
    m.installDrained(CALL_RCU, (v, table) => {
      if ((m.S[m.frame + table] & KIND) !== TABLE) m.hooks.fact('bad-free', v, 1, table)
      const readers = this.readers()
      if (readers !== 0) m.hooks.witness('rcu-waited')
      m.S[m.frame + table] = DYING
      const slot = m.tableFrames.indexOf(table)
      if (slot >= 0) m.S[this.callbacks + slot] = readers
      return 0
    })
    m.installDrained(CALL_RCU_HEAD, (v, at, what) => (this.heads.arm(v, at, what, this.readers()), 0))
    m.install(MIGHT_SLEEP, (v) => (this.mightSleep(v), 0))
    m.installDrained(SYNC_RCU_BEGIN, (v) => {
      this.mightSleep(v)
      m.S[this.waiters + v] = this.readers() & ~(1 << v)
      return 0
    })
    m.install(
      SYNC_RCU_END,
      () => 0,
      (v) => m.S[this.waiters + v] === 0,
    )
    m.install(RCU_LOCK, (v) => {
      if (m.S[this.nesting + v] === MAX_NESTING)
        throw fail.unbalanced(v, RCU_LOCK.name, `is in ${MAX_NESTING} sections of it already`)
      m.S[this.nesting + v]++
      return 0
    })
    m.install(RCU_UNLOCK, (v) => {
      if (m.S[this.nesting + v] === 0)
        throw fail.unbalanced(v, RCU_UNLOCK.name, `is in no section of ${RCU_LOCK.name}`)
      m.S[this.nesting + v]--
      this.quiescent(v)
      return 0
    })
  }
}
