/**
 * An IOMMU: it translates the accesses of devices by the page tables of an address space, caches what it found in an
 * IOTLB and in paging-structure caches of each device, and takes invalidations from a queue in memory, one after the
 * other, at its own pace. Intel VT-d specification, chapters "Address Translation Remapping" and "Caching Translation
 * Information" (queued invalidation). With ATS a device keeps translations of its own and asks the IOMMU for others: an
 * invalidation of device-TLBs is a descriptor of its own, and done when the device has used the old ones for the last
 * time. Left out: context-entry caches (attaching a device invalidates), page requests, and cached non-present entries
 * (caching mode).
 */
import { defineOp } from '../engine/step.ts'
import { VALID } from './cached.ts'
import { dropContext, dropPath } from './invalidate.ts'
import type { Machine } from './machine.ts'
import { dropPages } from './tlb.ts'

/** Descriptors of the invalidation queue. */
const QUEUE = 4

/** Kinds of descriptors, in the low bit; an invalidation has flags, space and pages above it. */
const WAIT = 1
const LEAF_ONLY = 1 << 1
const NO_DRAIN = 1 << 2
const SPACE_SHIFT = 3
const PAGES_SHIFT = 4
/** A status value is below this. */
export const STATUS_MAX = 255
/** An invalidation is one of device-TLBs. */
const DEVICE_TLB = 1 << 12
const DESCRIPTOR_MAX = DEVICE_TLB - 1
const ADDRESS_MAX = 0xffff

export interface Invalidation {
  /** Mask of the pages. */
  readonly pages: number
  /** Entries of leaf tables only: the paging-structure caches stay (VT-d: IH, invalidation hint). */
  readonly leafOnly?: boolean
  /** What the devices themselves have cached, and nothing else, with the feature `deviceTlbs`. */
  readonly deviceTlb?: boolean
  /** Accesses that were translated before have reached memory when it is done (VT-d: DR and DW). Default true. */
  readonly drain?: boolean
}

/** The descriptor of an invalidation of pages of space `space`. */
export const invalidationDescriptor = (space: number, what: Invalidation): number =>
  (what.leafOnly === true ? LEAF_ONLY : 0) |
  (what.drain === false ? NO_DRAIN : 0) |
  (what.deviceTlb === true ? DEVICE_TLB : 0) |
  (space << SPACE_SHIFT) |
  (what.pages << PAGES_SHIFT)

const pagesOf = (descriptor: number): number => (descriptor >> PAGES_SHIFT) & STATUS_MAX
const kindOf = (descriptor: number): string => (descriptor & DEVICE_TLB ? ' in device-TLBs' : '')

/** The descriptor of a wait that stores `value` when all before it is done. */
export const waitDescriptor = (value: number): number => WAIT | (value << PAGES_SHIFT)

/** Puts descriptor `a` with status address `b` at the tail of the queue; waits while it is full. */
export const IQ_SUBMIT = defineOp('submit to IOMMU', 1, (a, b, _c, n) => {
  if (a & WAIT) return `IOMMU queue: wait, then ${n.word(b)} = ${a >> PAGES_SHIFT}`
  const notes = `${a & LEAF_ONLY ? ', leaf only' : ''}${a & NO_DRAIN ? ', no drain' : ''}`
  return `IOMMU queue: invalidate ${n.pages(pagesOf(a))}${kindOf(a)}${notes}`
})
/** Attaches device `a` to space `b`: writes its context entry and drops what is cached for it. */
export const IOMMU_ATTACH = defineOp('attach device', 1, (a, b) => `attach device${a} to mm${b}`)

export class Iommu {
  /** The next descriptor that hardware takes; the next place that software fills. */
  private readonly head: number
  private readonly tail: number
  private readonly queue: number
  private readonly addresses: number
  private readonly m: Machine

  constructor(m: Machine) {
    this.m = m
    this.head = m.layout.add('IOMMU queue head', 1, QUEUE - 1)
    this.tail = m.layout.add('IOMMU queue tail', 1, QUEUE - 1)
    const most = m.config.deviceTlbs ? DESCRIPTOR_MAX | DEVICE_TLB : DESCRIPTOR_MAX
    this.queue = m.layout.add('IOMMU queue', QUEUE, most)
    this.addresses = m.layout.add('IOMMU status address', QUEUE, ADDRESS_MAX)
    m.installDrained(
      IQ_SUBMIT,
      (_v, descriptor, address) => {
        const at = m.S[this.tail]
        m.S[this.queue + at] = descriptor
        m.S[this.addresses + at] = address
        m.S[this.tail] = (at + 1) % QUEUE
        return 0
      },
      () => (m.S[this.tail] + 1) % QUEUE !== m.S[this.head],
    )
    m.installDrained(
      IOMMU_ATTACH,
      (_v, device, space) => {
        const walker = m.config.vcpus + device
        abortWalk(m, walker)
        dropContext(m, m.caches.context(walker))
        if (m.config.deviceTlbs) dropContext(m, m.caches.context(walker) + m.config.devices)
        m.S[m.cr3 + walker] = space
        return 0
      },
      (_v, device) => (m.S[m.caches.latch + m.config.vcpus + device] & VALID) === 0,
    )
  }

  /** True if there is a descriptor to take, and no translated access that it has to let through before. */
  canProcess(): boolean {
    const { S, config, walkPage, walkers, caches } = this.m
    const { latch, pageSlot } = caches
    if (S[this.head] === S[this.tail]) return false
    const descriptor = S[this.queue + S[this.head]]
    if (descriptor & (WAIT | NO_DRAIN)) return true
    // What a device has translated by itself, only the device can say the end of.
    if (config.deviceTlbs && (descriptor & DEVICE_TLB) === 0) return true
    for (let v = config.vcpus; v < walkers; v++) {
      if (S[latch + v] & VALID && this.names(descriptor, v, 1 << pageSlot[S[walkPage + v]])) return false
    }
    return true
  }

  /** Takes the descriptor at the head of the queue. */
  process(): void {
    const { S, config, walkers } = this.m
    const at = S[this.head]
    const descriptor = S[this.queue + at]
    if (descriptor & WAIT) S[S[this.addresses + at]] = descriptor >> PAGES_SHIFT
    else {
      for (let v = config.vcpus; v < walkers; v++)
        if (this.names(descriptor, v, -1)) this.invalidate(v, descriptor)
    }
    S[this.queue + at] = 0
    S[this.addresses + at] = 0
    S[this.head] = (at + 1) % QUEUE
  }

  /** What it does next, in words. */
  tell(word: (at: number) => string, pages: (mask: number) => string): string {
    const { S } = this.m
    const descriptor = S[this.queue + S[this.head]]
    return descriptor & WAIT
      ? `${word(S[this.addresses + S[this.head]])} = ${descriptor >> PAGES_SHIFT}`
      : `invalidate ${pages(pagesOf(descriptor))}${kindOf(descriptor)}`
  }

  /** True if an invalidation is about the space of a device, and about a page in `mask`. */
  private names(descriptor: number, walker: number, mask: number): boolean {
    const space = (descriptor >> SPACE_SHIFT) & 1
    return this.m.S[this.m.cr3 + walker] === space && (pagesOf(descriptor) & mask) !== 0
  }

  /** The least that it must do: what is cached of the pages and of the way to them, and walks to them in flight. */
  private invalidate(walker: number, descriptor: number): void {
    const { m } = this
    const context = m.caches.context(walker)
    const pages = pagesOf(descriptor)
    const ofDevice = (descriptor & DEVICE_TLB) !== 0
    dropPages(m, ofDevice ? m.caches.deviceTlb(walker) : m.caches.tlbOf(context, 0, 0), pages)
    if (!ofDevice && (descriptor & LEAF_ONLY) === 0) {
      const all = m.config.pages.filter((_, slot) => pages & (1 << slot))
      for (const page of all) dropPath(m, m.caches.structuresOf(context, 0, 0), page)
    }
    if (m.S[m.walk + walker] !== 0 && pages & (1 << m.caches.pageSlot[m.S[m.walkPage + walker]]))
      abortWalk(m, walker)
  }
}

/** A walk in flight is discarded: the access begins anew. */
function abortWalk(m: Machine, walker: number): void {
  m.S[m.walk + walker] = 0
  m.S[m.caches.pointer + walker] = 0
  if ((m.S[m.caches.latch + walker] & VALID) === 0) m.S[m.walkPage + walker] = 0
}
