/**
 * What the environment may do but never has to: preempt a vCPU, send it an NMI, walk page tables
 * speculatively, lose cached translations. Each is a transition only where the machine's configuration allows it.
 */
import { VALID } from '../machine/cached.ts'
import type { Host } from '../hypervisor/host.ts'
import type { Machine } from '../machine/machine.ts'
import type { Interrupts } from './interrupts.ts'
import type { Stacks } from './stacks.ts'
import type { Programs } from './programs.ts'
import * as T from './transition.ts'
import type { Walkers } from './walkers.ts'

/** What the environment acts on. */
interface EnvironmentAround {
  readonly machine: Machine
  readonly host: Host
  readonly programs: Programs
  readonly stacks: Stacks
  readonly interrupts: Interrupts
  readonly walkers: Walkers
}

export class Environment {
  /** False if the configuration allows none of it. */
  readonly mayAct: boolean
  /** True if it may still act when its preemptions and NMIs are used up. */
  private readonly alwaysActs: boolean
  /** True if NMIs from outside would be noticed. */
  private readonly handlesNmis: boolean
  private readonly machine: Machine
  private readonly host: Host
  private readonly stacks: Stacks
  private readonly interrupts: Interrupts
  private readonly walkers: Walkers

  constructor({ machine, host, programs, stacks, interrupts, walkers }: EnvironmentAround) {
    this.machine = machine
    this.host = host
    this.stacks = stacks
    this.interrupts = interrupts
    this.walkers = walkers
    this.handlesNmis = programs.handlesNmis
    const { preemptions, speculation, eviction, dmas, nmis } = machine.config
    this.alwaysActs = speculation > 0 || eviction
    this.mayAct = preemptions > 0 || this.alwaysActs || dmas > 0 || nmis > 0
  }

  /** Adds what may happen to a vCPU, if that is in guest mode. */
  add(v: number, out: Int32Array, count: number): number {
    const { S, on, config, events } = this.machine
    const canPreempt = S[this.host.preemptions] < config.preemptions
    const canSignal = config.nmis > 0 && S[events.arrived] < config.nmis && this.handlesNmis
    if (!canPreempt && !canSignal && !this.alwaysActs) return count
    if (S[on + v] === 0 || this.machine.isOffline(v)) return count
    const top = this.stacks.top(v)
    let n = count
    if (top >= 0 && !this.stacks.inGuest(top)) {
      if (config.emulation && canPreempt && this.stacks.inHostCode(top)) out[n++] = T.transition(T.PREEMPT, v)
      return n
    }
    if (canPreempt && top >= 0) out[n++] = T.transition(T.PREEMPT, v)
    if (canSignal && this.interrupts.takesNmi(v)) out[n++] = T.transition(T.NMI_ARRIVES, v)
    if (config.speculation > 0) n = this.addSpeculation(v, out, n)
    return config.eviction ? this.addEvictions(v, out, n) : n
  }

  private addSpeculation(v: number, out: Int32Array, count: number): number {
    const { S, speculation, speculations, config } = this.machine
    let n = count
    if (S[speculation + v] !== 0) {
      if (this.walkers.canStep(speculation + v, v)) out[n++] = T.transition(T.SPECULATION_STEP, v)
      return n
    }
    if (S[speculations] >= config.speculation) return n
    const base = this.machine.caches.tlbNow(v)
    const { length } = config.pages
    for (let slot = 0; slot < length; slot++) {
      if ((S[base + slot] & VALID) === 0 || config.multihit) out[n++] = T.transition(T.SPECULATE, v, slot)
      if (config.speculativeDirty) out[n++] = T.transition(T.SPECULATE, v, slot + length)
    }
    return n
  }

  private addEvictions(v: number, out: Int32Array, count: number): number {
    const { S, config, caches } = this.machine
    const { tags, tagSize, structureTags, structureSlots, mappingTags, guestPhysicalSlots } = caches
    const mappings = config.ept === 0 ? 0 : mappingTags * guestPhysicalSlots
    let n = count
    for (let i = 0; i < tags * tagSize + structureTags * structureSlots + mappings; i++) {
      if (S[this.evictable(v, i)] & VALID) out[n++] = T.transition(T.EVICT, v, i)
    }
    return n
  }

  /** Drops a cached translation. */
  evict(v: number, detail: number): void {
    this.machine.S[this.evictable(v, detail)] = 0
  }

  /**
   * Word of a vCPU's evictable entry: TLB entries by tag and page first, then paging-structure-cache entries, then the
   * guest-physical mappings of its pCPU.
   */
  private evictable(v: number, detail: number): number {
    const { machine } = this
    const context = machine.caches.context(v)
    const translations = machine.caches.tags * machine.caches.tagSize
    if (detail < translations) return machine.caches.tlbOf(context, 0, 0) + detail
    const structure = detail - translations
    const structures = machine.caches.structureTags * machine.caches.structureSlots
    if (structure < structures) return machine.caches.structuresOf(context, 0, 0) + structure
    return machine.caches.guestPhysicalAt(machine.S[machine.on + v] - 1, 0, 0) + structure - structures
  }

  evictableName(detail: number): string {
    const { config, geometry, caches } = this.machine
    const { tags, tagSize, tagsOfView, structureTags, structureSlots } = caches
    const { pages, pcids, ept, svm } = config
    const of = (view: number): string => (ept > 1 ? ` EPT${view}` : '')
    const tagged = (tag: number): string => (svm ? ` ASID ${tag + 1}` : of(tag))
    const structure = detail - tags * tagSize
    const mapping = structure - structureTags * structureSlots
    if (mapping >= 0) {
      const slots = this.machine.caches.guestPhysicalSlots
      const table = (mapping % slots) - geometry.frames - 1
      const what = table < 0 ? `guest frame ${geometry.name(mapping % slots)}` : `EPT table ${table}`
      return `${what}${tagged(Math.floor(mapping / slots))}`
    }
    if (structure >= 0) {
      const tag = Math.floor(structure / structureSlots)
      const under = pcids > 0 ? ` PCID ${tag % this.machine.caches.pcids}` : ''
      return `structure ${structure % structureSlots}${under}${of(Math.floor(tag / this.machine.caches.pcids))}`
    }
    const tag = Math.floor(detail / tagSize) % tagsOfView
    const view = Math.floor(detail / (tagSize * tagsOfView))
    const place = detail % tagSize
    const under = tag === this.machine.caches.pcids ? ' global' : pcids > 0 ? ` PCID ${tag}` : ''
    return `tlb page ${pages[place % pages.length]}${place >= pages.length ? ' large' : ''}${under}${of(view)}`
  }
}
