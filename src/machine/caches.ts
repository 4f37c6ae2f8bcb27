/**
 * Where a machine keeps translations: TLBs, paging-structure caches, walks and accesses under way, guest-physical
 * mappings. TLBs and paging-structure caches are kept by context, which is a vCPU, or a VPID on a pCPU where either can
 * change; in a context by EP4TA, and there by PCID, as the SDM (vol. 3, "Information That May Be Cached") tags them.
 */
import type { Layout } from '../engine/layout.ts'
import type { CachedFormat } from './cached.ts'
import type { MachineConfig } from './config.ts'
import { PCIDE } from './control.ts'
import type { Geometry } from './geometry.ts'

/** What the caches need of the machine that they belong to. */
interface Around {
  readonly S: Int32Array
  readonly layout: Layout
  readonly config: MachineConfig
  readonly geometry: Geometry
  readonly cached: CachedFormat
  readonly walkers: number
  readonly on: number
  readonly vpid: number
  readonly eptp: number
  readonly controls: number
  readonly pcid: number
  readonly eptTableCount: number
}

export class Caches {
  /** TLB entries, by context, EP4TA, tag and place; cached translations are everything from here to {@link end}. */
  readonly tlb: number
  /** Paging-structure-cache entries, by context, EP4TA, PCID and slot. */
  readonly structures: number
  /** Per walker: the translation that its access is about to use; the entry that its walk has reached. */
  readonly latch: number
  readonly pointer: number
  /** Per vCPU: the entry that its speculative walk has reached. */
  readonly speculationPointer: number
  /** Per vCPU: the entries of the top level as CR3 was loaded with them (PAE paging). */
  readonly pdptes: number
  /** Guest-physical mappings by pCPU, their tag (EP4TA; with SVM the ASID) and guest frame. */
  readonly guestPhysical: number
  /** How many tags there are. */
  readonly mappingTags: number
  /** How many a pCPU can have under a tag: one a guest frame (from 0, which is none), then one an EPT table. */
  readonly guestPhysicalSlots: number
  /** Per vCPU: the translation that host code holds while it emulates. */
  readonly emulator: number
  readonly end: number
  /**
   * Number of TLB contexts: one a vCPU, or one a VPID and pCPU where they can move; then one a device behind the IOMMU,
   * and one a device-TLB.
   */
  readonly contexts: number
  /** Those of vCPUs, which come first. */
  readonly cpuContexts: number
  /** EP4TAs that translations are tagged with: one where there is no EPT, or where ASIDs are the only tags. */
  readonly views: number
  /** Tags of translations in a context, for each EP4TA: PCIDs first, the one of global pages last. */
  readonly tagsOfView: number
  readonly tags: number
  /** Tags of paging-structure-cache entries in a context, for each EP4TA: PCIDs alone. */
  readonly pcids: number
  readonly structureTags: number
  /** Places of a tag in the TLB: one a page, or two where small and large translations can be held together. */
  readonly tagSize: number
  /** Slots of paging-structure caches a tag. */
  readonly structureSlots: number

  /** Places in the TLB by page number; places in the structure caches by (level, page). */
  readonly pageSlot: readonly number[]
  /** By `level * 64 + page`. */
  private readonly structureSlotOf = new Int32Array(8 * 64).fill(-1)
  /** True if the context of a vCPU depends on more than its number. */
  private readonly movable: boolean
  private readonly m: Around

  constructor(m: Around) {
    this.m = m
    const { config, geometry } = m
    const { vcpus, pcpus, pages, migration, devices } = config
    const slots: number[] = []
    pages.forEach((page, slot) => (slots[page] = slot))
    this.pageSlot = slots
    const cachedTables = config.structureCaches
      ? geometry.tables.filter(
          ({ space, level }) =>
            space === 0 && level < config.levels && (config.uncachedLevels & (1 << level)) === 0,
        )
      : []
    cachedTables.forEach((table, slot) => {
      const { first, level } = table
      for (let page = first; page < first + config.entries ** level && page < 64; page++)
        this.structureSlotOf[level * 64 + page] = slot
    })
    const { layout, walkers, cached } = m
    this.movable = migration || config.vpids > 0
    this.cpuContexts = this.movable ? this.vpids * pcpus : vcpus
    this.contexts = this.cpuContexts + devices * (config.deviceTlbs ? 2 : 1)
    this.views = config.svm ? 1 : Math.max(1, config.ept)
    this.pcids = Math.max(1, config.pcids)
    this.structureTags = this.views * this.pcids
    this.tagsOfView = this.pcids + (config.globals ? 1 : 0)
    this.tags = this.views * this.tagsOfView
    this.tagSize = pages.length * (config.multihit ? 2 : 1)
    this.structureSlots = cachedTables.length
    this.tlb = layout.add('TLB', this.contexts * this.tags * this.tagSize, cached.max)
    this.structures = layout.add(
      'paging-structure cache',
      this.contexts * this.structureTags * this.structureSlots,
      cached.max,
    )
    this.latch = layout.add('translation in use', walkers, cached.max)
    this.pointer = layout.add('walk pointer', walkers, cached.max)
    this.speculationPointer = layout.add('speculative walk pointer', vcpus, cached.max)
    this.pdptes = layout.add('PDPTE registers', config.pdptes ? vcpus * config.entries : 0, cached.max)
    this.guestPhysicalSlots = geometry.frames + 1 + m.eptTableCount
    this.mappingTags = config.svm ? this.vpids : this.views
    this.guestPhysical = layout.add(
      'guest-physical mapping',
      config.ept > 0 ? pcpus * this.mappingTags * this.guestPhysicalSlots : 0,
      cached.max,
    )
    this.emulator = layout.add('emulator', config.emulation ? vcpus : 0, cached.max)
    this.end = layout.size
  }

  /** Number of VPIDs: those that host code gives out, or one a vCPU. */
  get vpids(): number {
    return this.m.config.vpids || this.m.config.vcpus
  }

  /** Place of a vCPU's VPID among all, from 0. */
  vpidOf(vcpu: number): number {
    return this.m.vpid < 0 ? vcpu : this.m.S[this.m.vpid + vcpu]
  }

  /** The TLB context that a running vCPU uses, that of its VPID on its pCPU; or that of a device. */
  context(walker: number): number {
    if (!this.movable) return walker
    return walker < this.m.config.vcpus
      ? (this.m.S[this.m.on + walker] - 1) * this.vpids + this.vpidOf(walker)
      : this.cpuContexts + walker - this.m.config.vcpus
  }

  /** First word of a device's own TLB. */
  deviceTlb(walker: number): number {
    return this.tlbOf(this.context(walker) + this.m.config.devices, 0, 0)
  }

  /** The context of a VPID (from 0) on a pCPU, or -1 where that VPID cannot have left anything. */
  contextOn(pcpu: number, vpid: number): number {
    if (this.movable) return pcpu * this.vpids + vpid
    return vpid % this.m.config.pcpus === pcpu ? vpid : -1
  }

  /** The EPT that a vCPU's accesses go through now. */
  view(vcpu: number): number {
    return this.m.eptp < 0 ? 0 : this.m.S[this.m.eptp + vcpu]
  }

  /** The EP4TA that a vCPU's translations carry now; with SVM none of them carries one. */
  viewTag(vcpu: number): number {
    return this.views === 1 ? 0 : this.view(vcpu)
  }

  /** The tag that a vCPU's guest-physical mappings carry now. */
  mappingTag(vcpu: number): number {
    return this.m.config.svm ? this.vpidOf(vcpu) : this.view(vcpu)
  }

  /** The PCID that a vCPU's accesses carry now. */
  tag(vcpu: number): number {
    return this.m.pcid >= 0 && this.m.S[this.m.controls + vcpu] & PCIDE ? this.m.S[this.m.pcid + vcpu] : 0
  }

  /** First TLB word of a PCID, or of global pages, in a context under an EP4TA. */
  tlbOf(context: number, view: number, tag: number): number {
    return this.tlb + (context * this.tags + view * this.tagsOfView + tag) * this.tagSize
  }

  /** First paging-structure-cache word of a PCID in a context under an EP4TA. */
  structuresOf(context: number, view: number, tag: number): number {
    return this.structures + (context * this.structureTags + view * this.pcids + tag) * this.structureSlots
  }

  /** First TLB word of what a vCPU's accesses are looked up in now, global pages aside. */
  tlbNow(vcpu: number): number {
    return this.tlbOf(this.context(vcpu), this.viewTag(vcpu), this.tag(vcpu))
  }

  /** The same of global pages, where there are any. */
  globalNow(vcpu: number): number {
    return this.tlbOf(this.context(vcpu), this.viewTag(vcpu), this.pcids)
  }

  structuresNow(vcpu: number): number {
    return this.structuresOf(this.context(vcpu), this.viewTag(vcpu), this.tag(vcpu))
  }

  /** Word of the guest-physical mapping of a guest frame that a pCPU may have cached. */
  guestPhysicalAt(pcpu: number, tag: number, frame: number): number {
    return this.guestPhysical + (pcpu * this.mappingTags + tag) * this.guestPhysicalSlots + frame
  }

  /** Place of the structure-cache entry that leads to the table of `level` for `page`, or -1. */
  structureSlot(level: number, page: number): number {
    return this.structureSlotOf[level * 64 + page]
  }
}
