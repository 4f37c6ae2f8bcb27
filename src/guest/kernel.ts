/**
 * Kernel state that guest code shares: the lock of each address space (mmap_lock and page-table lock in one),
 * mm_cpumask, lazy-TLB flags, "behind" bits in place of TLB generations, call-function slots, and RCU.
 */
import { defineOp } from '../engine/step.ts'
import { fail } from '../errors.ts'
import { IRQS_OFF, READ_SIDE } from '../machine/facts.ts'
import type { Events } from '../machine/events.ts'
import { release } from '../machine/frames.ts'
import type { Geometry } from '../machine/geometry.ts'
import { DYING, KIND, TABLE } from '../machine/frame-word.ts'
import type { Machine } from '../machine/machine.ts'
import { policyWords, word, type SharedDeclaration, type SharedWords, type Word } from '../machine/word.ts'
import { CALL_RCU_HEAD, RcuHeads } from './rcu-head.ts'
import { MIGHT_SLEEP } from './spinlock.ts'

/** call_rcu for a table: it is freed once every reader of now has left. */
export const CALL_RCU = defineOp('call_rcu', 1, (a, _b, _c, n) => `call_rcu: free ${n.frame(a)} later`)
/** A grace period begins for this CPU. */
export const SYNC_RCU_BEGIN = defineOp('synchronize_rcu begins', 1, () => 'synchronize_rcu')
export const SYNC_RCU_END = defineOp('synchronize_rcu', 1, () => 'wait for the grace period')
export const RCU_LOCK = defineOp('rcu_read_lock', 1)
export const RCU_UNLOCK = defineOp('rcu_read_unlock', 1)
/** 1 if a CPU may still go offline in this run: `hotplug` of the machine says how often. */
export const MAY_DEPART = defineOp('may go offline', 2, undefined, 'right')
/** Notes that a flush left out a lazy CPU. */
export const LAZY_SKIPPED = defineOp('lazy CPU left out', 1, undefined, 'left')

/** Read-side sections of RCU within each other; no kernel code is near it. */
const MAX_NESTING = 7

export class Kernel {
  /** Per space: owner + 1 of the lock, 0 when free. */
  readonly lock: readonly Word[]
  /** Per space: CPUs that may hold its translations (mm_cpumask). */
  readonly cpumask: readonly Word[]
  /** Per CPU: is_lazy. */
  readonly lazy: readonly Word[]
  /**
   * Per space: CPUs whose recorded TLB generation is behind. Linux compares counters that grow for ever; equality is
   * all that its protocol asks of them, and one bit a CPU says that without keeping equal states apart.
   */
  readonly behind: readonly Word[]
  /** Call-function slots, by initiator and target: what is asked for, 0 when done (call_single_data). */
  readonly slots: readonly (readonly Word[])[]
  /** Per table: the readers that a deferred free waits for. */
  readonly rcuTables: number
  /** Per CPU: the readers that its synchronize_rcu waits for. */
  readonly rcuWaiters: number
  /** Per CPU: inside rcu_read_lock. */
  readonly rcuNesting: number
  readonly shared: Record<string, SharedWords>
  /** The policy's heads of call_rcu. */
  readonly heads: RcuHeads
  /** How many things RCU may have put off, by number: the free of each table, then the policy's heads. */
  readonly deferrals: number

  /** Per CPU, where there are NMIs: loaded_mm + 1, 0 while an NMI handler must not rely on it. */
  readonly loaded: readonly Word[]
  private readonly onlineWord: Word | undefined
  /** How often a CPU has gone offline; -1 where none can. */
  private readonly departures: number
  private readonly m: Machine

  constructor(m: Machine, declared: Record<string, SharedDeclaration>) {
    this.m = m
    const { vcpus, spaces, hotplug, nmis } = m.config
    const all = 2 ** vcpus - 1
    const each = (name: string, count: number, max: number): Word[] => {
      const at = m.layout.add(name, count, max)
      return Array.from({ length: count }, (_, i) =>
        word(at + i, max, name.endsWith('->CPU') ? `${name}${i}` : count > 1 ? `${name}[${i}]` : name),
      )
    }
    this.lock = each('mmap_lock', spaces, vcpus)
    this.cpumask = each('mm_cpumask', spaces, all)
    this.lazy = each('is_lazy', vcpus, 1)
    this.behind = each('tlb_gen behind', spaces, all)
    this.slots = Array.from({ length: vcpus }, (_, i) => each(`call CPU${i}->CPU`, vcpus, 0xffff))
    this.rcuTables = m.layout.add('rcu callback', m.tableFrames.length, all)
    this.rcuWaiters = m.layout.add('rcu grace period', vcpus, all)
    this.rcuNesting = m.layout.add('rcu nesting', vcpus, MAX_NESTING)
    this.onlineWord = hotplug > 0 ? each('cpu_online_mask', 1, all)[0] : undefined
    this.loaded = nmis > 0 ? each('loaded_mm', vcpus, spaces) : []
    this.departures = hotplug > 0 ? m.layout.add('departures', 1, hotplug) : -1
    this.shared = policyWords(m.layout, vcpus, declared)
    this.heads = new RcuHeads(m, declared, this.shared)
    this.deferrals = m.tableFrames.length + this.heads.words.length
    this.installRcu()
  }

  /** Where everything was at the start. */
  get geometry(): Geometry {
    return this.m.geometry
  }

  /** Interrupt state of the machine. */
  get events(): Events {
    return this.m.events
  }

  /** CPUs that are online (cpu_online_mask); only where CPUs can go offline. */
  get online(): Word {
    if (this.onlineWord === undefined) throw fail.needsFeature('cpu_online_mask', 'hotplug')
    return this.onlineWord
  }

  /** Puts the variables to what they hold at the start. */
  initialize(): void {
    const { S, config } = this.m
    const all = 2 ** config.vcpus - 1
    S[this.cpumask[0].at] = all
    for (const { at } of this.loaded) S[at] = 1
    if (this.onlineWord !== undefined) S[this.onlineWord.at] = all
  }

  /** True if a CPU holds grace periods off. */
  private isReader(v: number): boolean {
    const { m } = this
    const { S, interruptFlag, buffer } = m
    return (
      (S[interruptFlag + v] === 0 && !m.isOffline(v)) || S[this.rcuNesting + v] !== 0 || !buffer.isEmpty(v)
    )
  }

  /**
   * CPUs that a grace period waits for: those inside a read-side critical section of RCU; IF=0 counts as one
   * (rcu-sched), unless they are offline. Stores of a section are visible before the grace period ends
   * (Documentation/RCU/Design/Memory-Ordering), so a CPU counts as long as it has some that are not.
   */
  readers(): number {
    let mask = 0
    for (let v = 0; v < this.m.config.vcpus; v++) if (this.isReader(v)) mask |= 1 << v
    return mask
  }

  /** A CPU may have left its section: nobody waits for it any more if so. */
  quiescent(v: number): void {
    const { S, tableFrames, config } = this.m
    if (this.isReader(v)) return
    const others = ~(1 << v)
    for (let slot = 0; slot < tableFrames.length; slot++) S[this.rcuTables + slot] &= others
    for (let cpu = 0; cpu < config.vcpus; cpu++) S[this.rcuWaiters + cpu] &= others
    this.heads.quiescent(v)
  }

  /** True if deferral number `i` can be done now. */
  isDue(i: number): boolean {
    const { S, frame, tableFrames } = this.m
    if (i >= tableFrames.length) return this.heads.isDue(i - tableFrames.length)
    return (S[frame + tableFrames[i]] & KIND) === DYING && S[this.rcuTables + i] === 0
  }

  doDeferred(i: number): void {
    const { tableFrames } = this.m
    if (i < tableFrames.length) release(this.m, tableFrames[i])
    else this.heads.run(i - tableFrames.length)
  }

  /** What deferral number `i` is about: the table, or the head. */
  deferralName(i: number): string {
    const { tableFrames, geometry } = this.m
    return i < tableFrames.length
      ? geometry.name(tableFrames[i])
      : this.heads.words[i - tableFrames.length].name
  }

  private mightSleep(v: number): void {
    const { S, interruptFlag, hooks } = this.m
    if (S[interruptFlag + v] === 0) hooks.fact('sleep', v, IRQS_OFF, 0)
    else if (S[this.rcuNesting + v] !== 0) hooks.fact('sleep', v, READ_SIDE, 0)
  }

  private installRcu(): void {
    const { m } = this
    // A grace period begins with full ordering. That it happens in the call itself makes no store visible too late.
    m.installDrained(CALL_RCU, (v, table) => {
      if ((m.S[m.frame + table] & KIND) !== TABLE) m.hooks.fact('bad-free', v, 1, table)
      const readers = this.readers()
      if (readers !== 0) m.hooks.witness('rcu-waited')
      m.S[m.frame + table] = DYING
      const slot = m.tableFrames.indexOf(table)
      if (slot >= 0) m.S[this.rcuTables + slot] = readers
      return 0
    })
    m.installDrained(CALL_RCU_HEAD, (v, at, what) => (this.heads.arm(v, at, what, this.readers()), 0))
    m.install(MIGHT_SLEEP, (v) => (this.mightSleep(v), 0))
    m.installDrained(SYNC_RCU_BEGIN, (v) => {
      this.mightSleep(v)
      m.S[this.rcuWaiters + v] = this.readers() & ~(1 << v)
      return 0
    })
    m.install(
      SYNC_RCU_END,
      () => 0,
      (v) => m.S[this.rcuWaiters + v] === 0,
    )
    m.install(MAY_DEPART, () => {
      if (m.S[this.departures] === m.config.hotplug) return 0
      m.S[this.departures]++
      return 1
    })
    m.install(LAZY_SKIPPED, () => (m.hooks.witness('lazy-skipped'), 0))
    m.install(RCU_LOCK, (v) => {
      if (m.S[this.rcuNesting + v] === MAX_NESTING)
        throw fail.unbalanced(v, RCU_LOCK.name, `is in ${MAX_NESTING} sections of it already`)
      m.S[this.rcuNesting + v]++
      return 0
    })
    m.install(RCU_UNLOCK, (v) => {
      if (m.S[this.rcuNesting + v] === 0)
        throw fail.unbalanced(v, RCU_UNLOCK.name, `is in no section of ${RCU_LOCK.name}`)
      m.S[this.rcuNesting + v]--
      this.quiescent(v)
      return 0
    })
  }
}
