/**
 * What the environment may do but never has to: preempt a vCPU, walk page tables speculatively, lose cached
 * translations. Each is a transition only where the machine's configuration allows it.
 */
import { VALID } from '../machine/cached.ts'
import type { Host } from '../hypervisor/host.ts'
import type { Machine } from '../machine/machine.ts'
import type { Threads } from './threads.ts'
import * as T from './transition.ts'

export class Environment {
  /** False if the configuration allows none of it. */
  readonly mayAct: boolean
  private readonly machine: Machine
  private readonly host: Host
  private readonly threads: Threads

  constructor(machine: Machine, host: Host, threads: Threads) {
    this.machine = machine
    this.host = host
    this.threads = threads
    const { preemptions, speculation, eviction } = machine.config
    this.mayAct = preemptions > 0 || speculation > 0 || eviction
  }

  /** Adds what may happen to each vCPU that is in guest mode. */
  add(out: Int32Array, count: number): number {
    const { S, on, config } = this.machine
    const canPreempt = S[this.host.preemptions] < config.preemptions
    let n = count
    for (let v = 0; v < config.vcpus; v++) {
      if (S[on + v] === 0) continue
      const top = this.threads.top(v)
      if (top >= 0 && !this.threads.inGuest(top)) continue
      if (canPreempt && top >= 0) out[n++] = T.transition(T.PREEMPT, v)
      if (config.speculation > 0) n = this.addSpeculation(v, out, n)
      if (config.eviction) n = this.addEvictions(v, out, n)
    }
    return n
  }

  private addSpeculation(v: number, out: Int32Array, count: number): number {
    const { S, speculation, speculations, tlb, config } = this.machine
    let n = count
    if (S[speculation + v] !== 0) {
      out[n++] = T.transition(T.SPECULATION_STEP, v)
      return n
    }
    if (S[speculations] >= config.speculation) return n
    const base = tlb + this.machine.context(v) * config.pages.length
    for (let slot = 0; slot < config.pages.length; slot++) {
      if ((S[base + slot] & VALID) === 0) out[n++] = T.transition(T.SPECULATE, v, slot)
    }
    return n
  }

  private addEvictions(v: number, out: Int32Array, count: number): number {
    const { S, config, structureSlots } = this.machine
    let n = count
    for (let i = 0; i < config.pages.length + structureSlots; i++) {
      if (S[this.evictable(v, i)] & VALID) out[n++] = T.transition(T.EVICT, v, i)
    }
    return n
  }

  /** Drops a cached translation. */
  evict(v: number, detail: number): void {
    this.machine.S[this.evictable(v, detail)] = 0
  }

  /** Word of a vCPU's evictable entry: TLB entries by page first, then paging-structure-cache entries. */
  private evictable(v: number, detail: number): number {
    const { config, tlb, structures, structureSlots } = this.machine
    const pages = config.pages.length
    const context = this.machine.context(v)
    return detail < pages
      ? tlb + context * pages + detail
      : structures + context * structureSlots + detail - pages
  }

  evictableName(detail: number): string {
    const { pages } = this.machine.config
    return detail < pages.length ? `tlb page ${pages[detail]}` : `structure ${detail - pages.length}`
  }
}
