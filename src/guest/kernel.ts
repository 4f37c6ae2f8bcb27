/**
 * Kernel state that guest code shares: the lock of each address space (mmap_lock and page-table lock in one),
 * mm_cpumask, lazy-TLB flags, "behind" bits in place of TLB generations, call-function slots, and RCU.
 */
import { defineOp } from '../engine/step.ts'
import { fail } from '../errors.ts'
import type { Events } from '../machine/events.ts'
import type { Geometry } from '../machine/geometry.ts'
import type { Machine } from '../machine/machine.ts'
import { policyWords, word, type SharedDeclaration, type SharedWords, type Word } from '../machine/word.ts'
import { RcuHeads } from './rcu-head.ts'
import { Rcu } from './rcu.ts'

/** 1 if a CPU may still go offline in this run: `hotplug` of the machine says how often. */
export const MAY_DEPART = defineOp('may go offline', 2, undefined, 'right')
/** Notes that a flush left out a lazy CPU. */
export const LAZY_SKIPPED = defineOp('lazy CPU left out', 1, undefined, 'left')

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
  readonly shared: Record<string, SharedWords>
  /** The policy's heads of call_rcu. */
  readonly heads: RcuHeads
  readonly rcu: Rcu

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
    this.onlineWord = hotplug > 0 ? each('cpu_online_mask', 1, all)[0] : undefined
    this.loaded = nmis > 0 ? each('loaded_mm', vcpus, spaces) : []
    this.departures = hotplug > 0 ? m.layout.add('departures', 1, hotplug) : -1
    this.shared = policyWords(m.layout, vcpus, declared)
    this.heads = new RcuHeads(m, declared, this.shared)
    this.rcu = new Rcu(m, this.heads)
    m.install(MAY_DEPART, () => {
      if (m.S[this.departures] === hotplug) return 0
      m.S[this.departures]++
      return 1
    })
    m.install(LAZY_SKIPPED, () => (m.hooks.witness('lazy-skipped'), 0))
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
}
