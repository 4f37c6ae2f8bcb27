/**
 * The devices of a world and the IOMMU between them and memory: programs of devices move like those of vCPUs, the IOMMU
 * works off its queue, and the environment lets devices issue accesses of their own as far as the configuration allows.
 */
import type { Coroutines } from '../engine/coroutine.ts'
import type { Source } from '../engine/inside.ts'
import type { Names } from '../engine/step.ts'
import { VALID } from '../machine/cached.ts'
import { dma } from '../machine/device.ts'
import { Iommu } from '../machine/iommu.ts'
import type { Machine } from '../machine/machine.ts'
import type { NextSteps } from './next-steps.ts'
import type { Stacks } from './stacks.ts'
import type { Threads } from './threads.ts'
import * as T from './transition.ts'

/** What devices move with. */
interface DevicesAround {
  readonly machine: Machine
  readonly co: Coroutines
  readonly stacks: Stacks
  readonly nextSteps: NextSteps
  readonly threads: Threads
}

export class Devices {
  readonly iommu: Iommu
  private readonly machine: Machine
  private readonly co: Coroutines
  private readonly stacks: Stacks
  private readonly nextSteps: NextSteps
  private readonly threads: Threads
  /** DMA accesses of their own that devices have begun. */
  private readonly begun: number

  constructor({ machine, co, stacks, nextSteps, threads }: DevicesAround) {
    this.machine = machine
    this.co = co
    this.stacks = stacks
    this.nextSteps = nextSteps
    this.threads = threads
    this.begun = machine.layout.add('DMA accesses', 1, machine.config.dmas)
    this.iommu = new Iommu(machine)
  }

  /** Sources of the next step of each device that has one, and of the IOMMU's. */
  get progress(): Source[] {
    const { stacks, nextSteps, iommu } = this
    const { walkers } = this.machine
    const ofDevices = this.each((v) => (out, n) => {
      const top = stacks.top(v)
      return top < 0 ? n : nextSteps.add(v, top, out, n)
    })
    return [
      ...ofDevices,
      (out, n) => {
        if (!iommu.canProcess()) return n
        out[n] = T.transition(T.STEP, walkers)
        return n + 1
      },
    ]
  }

  /** Sources of what devices may do but never have to: begin an access of their own, lose cached translations. */
  get environment(): Source[] {
    return this.each((v) => (out, n) => this.addEnvironment(v, out, n))
  }

  private addEnvironment(v: number, out: Int32Array, count: number): number {
    const { S, config } = this.machine
    const { pages, eviction, dmas } = config
    let n = count
    if (S[this.begun] < dmas && this.stacks.top(v) < 0)
      for (let i = 0; i < 2 * pages.length; i++) out[n++] = T.transition(T.SPECULATE, v, i)
    if (!eviction) return n
    for (let i = 0; i < this.evictables(); i++)
      if (S[this.evictable(v, i)] & VALID) out[n++] = T.transition(T.EVICT, v, i)
    return n
  }

  private each(source: (v: number) => Source): Source[] {
    const { config, walkers } = this.machine
    return Array.from({ length: walkers - config.vcpus }, (_, i) => source(config.vcpus + i))
  }

  /** Begins an access of a device's own; `detail` counts pages, for reads first and then for writes. */
  beginAccess(v: number, detail: number): void {
    const { S, config } = this.machine
    const page = config.pages[detail % config.pages.length]
    const write = detail >= config.pages.length
    S[this.begun]++
    this.threads.begin(
      v,
      this.co.root(`dma ${page} ${write}`, () => dma(page, write)),
    )
  }

  evict(v: number, detail: number): void {
    this.machine.S[this.evictable(v, detail)] = 0
  }

  /** Stable name of a transition of a device or of the IOMMU. */
  name(t: number): string {
    const { config, walkers } = this.machine
    const who = T.whoOf(t)
    if (who === walkers) return 'iommu'
    const device = this.machine.walkerName(who)
    const detail = T.detailOf(t)
    const { pages } = config
    switch (T.kindOf(t)) {
      case T.SPECULATE:
        return `dma ${device} page ${pages[detail % pages.length]}${detail >= pages.length ? ' for a write' : ''}`
      case T.EVICT:
        return `evict ${device} ${this.evictableName(detail)}`
      default:
        return detail === 0 ? device : `${device} alternative ${detail}`
    }
  }

  /** What the IOMMU does next, in words. */
  tell(names: Names): string {
    return this.iommu.tell(names.word, names.pages)
  }

  private evictableName(detail: number): string {
    const { config, caches } = this.machine
    const { pages } = config
    const { structureSlots } = caches
    if (detail < pages.length) return `page ${pages[detail]}`
    const rest = detail - pages.length
    return rest < structureSlots ? `structure ${rest}` : `device-TLB page ${pages[rest - structureSlots]}`
  }

  private evictables(): number {
    const { config, caches } = this.machine
    return config.pages.length * (config.deviceTlbs ? 2 : 1) + caches.structureSlots
  }

  /** Word of an evictable entry of a device: its IOTLB by page, then its paging-structure caches, then its own TLB. */
  private evictable(v: number, detail: number): number {
    const { config, caches } = this.machine
    const { length } = config.pages
    const context = caches.context(v)
    if (detail < length) return caches.tlbOf(context, 0, 0) + detail
    const rest = detail - length
    return rest < caches.structureSlots
      ? caches.structuresOf(context, 0, 0) + rest
      : caches.deviceTlb(v) + rest - caches.structureSlots
  }
}
