/**
 * The machine: its flat state, the geometry of its page tables, and the table of what each operation does. The files
 * beside this one install the operations of their subject; rooms further down install theirs. Nothing here knows a
 * kernel or a policy.
 */
import { Layout } from '../engine/layout.ts'
import type { Op } from '../engine/step.ts'
import { CachedFormat } from './cached.ts'
import type { MachineConfig } from './config.ts'
import { CONTROL_MAX, PCIDE, hasControls } from './control.ts'
import { largestEntry } from './entry.ts'
import { Events, WAITS_FOR_SIPI } from './events.ts'
import { EPT_TABLE_MAX, EPT_TABLE_SPAN, HOST_REUSED, largestEptEntry } from './ept-entry.ts'
import type { FactKind, WitnessKind } from './facts.ts'
import { Geometry } from './geometry.ts'
import { StoreBuffer, type Wants } from './store-buffer.ts'

/** Does an operation for a vCPU; returns the step's result. */
export type Execute = (vcpu: number, a: number, b: number, c: number) => number
/** Says whether an operation can be done now; an operation without a guard always can. */
export type Guard = (vcpu: number, a: number, b: number, c: number) => boolean

/** Says how many outcomes an operation has for the explorer to pick from, in `machine.alternative`. */
export type Outcomes = (vcpu: number, a: number, b: number, c: number) => number

/** What a frame is, in the low bits of its word. */
export const KIND = 7
export const FREE = 0
export const TABLE = 1
export const DATA = 2
/** A page table that was handed to RCU and is still one. */
export const DYING = 3
/** Given to another owner after it was free. */
export const REUSED = 4
/** References to a data frame, above the kind. */
export const REF = 1 << 3
export const REF_MASK = 7 << 3
/** Ghost: a copy has taken this frame's place (THP collapse). */
export const SUPERSEDED = 1 << 6
/** Ghost: a store has reached this frame. */
export const WRITTEN = 1 << 7
/** The kernel knows that the page is dirty (folio flag). */
export const DIRTY = 1 << 8
/** Ghost: final pins held by gup. */
export const PIN = 1 << 9
export const PIN_MASK = 7 << 9
const FRAME_MAX = (1 << 12) - 1
/** Frames hold small values. */
export const CONTENT_MAX = 15
/** Ghost of what a frame holds at a page: it is a copy of what another frame holds; it was accessed as that. */
export const COPIED = 1 << 4
export const SEEN = 1 << 5

/** What a room may want to know of the machine as it runs. */
export interface MachineHooks {
  /** A fact that an invariant may forbid; `ghost` is never 0. */
  fact(kind: FactKind, vcpu: number, ghost: number, frame: number): void
  /** Something noteworthy was reached: the "sometimes" side of an invariant. */
  witness(kind: WitnessKind): void
  /** `vcpu` may have left a read-side critical section. */
  quiescent(vcpu: number): void
}

export class Machine {
  readonly layout = new Layout()
  readonly geometry: Geometry
  readonly cached: CachedFormat
  readonly buffer: StoreBuffer
  /** The state; allocated by {@link seal}. */
  S = new Int32Array(0)
  readonly execute: Execute[] = []
  readonly guards: (Guard | undefined)[] = []
  readonly outcomes: (Outcomes | undefined)[] = []
  hooks: MachineHooks = { fact: () => {}, witness: () => {}, quiescent: () => {} }

  /** One word a frame: kind, references, ghosts. */
  readonly frame: number
  /** Entries of the tables, by `tableSlot(frame) * entries`. */
  readonly entries: number
  /** Per vCPU: EFLAGS.IF. */
  readonly interruptFlag: number
  /** Per vCPU: one bit a vector that is pending (IRR). */
  readonly pending: number
  /** Per walker, as everything that a walk needs: the address space in CR3, or in the device's context entry. */
  readonly cr3: number
  /** Per vCPU: pCPU + 1 that it runs on, 0 while it is preempted. */
  readonly on: number
  /** Per vCPU: control state of the page walk of its current instruction. */
  readonly walk: number
  /** Per vCPU: control state of its speculative page walk. */
  readonly speculation: number
  /** Speculative walks begun so far. */
  readonly speculations: number
  /** Per vCPU: page of the instruction's walk; page of the speculative walk. */
  readonly walkPage: number
  readonly speculationPage: number
  /** Per vCPU: tables (one bit each) that a software walk points to; those of them freed since. */
  readonly held: number
  readonly dangling: number

  /** Cached translations: everything from here to `cachedEnd`. */
  readonly tlb: number
  readonly structures: number
  readonly latch: number
  readonly pointer: number
  readonly speculationPointer: number
  /** Per vCPU: the entries of the top level as CR3 was loaded with them (PAE paging). */
  readonly pdptes: number
  /** Guest-physical mappings by pCPU, EPT and guest frame. */
  readonly guestPhysical: number
  /** How many a pCPU can have of an EPT: one a guest frame (from 0, which is none), then one an EPT table. */
  readonly guestPhysicalSlots: number
  /** Per vCPU: the translation that host code holds while it emulates. */
  readonly emulator: number
  readonly cachedEnd: number
  /** What translates addresses: vCPUs by number, then devices behind the IOMMU. */
  readonly walkers: number
  /** Number of TLB contexts: one a vCPU, or one a VPID and pCPU where they can move; then one a device. */
  readonly contexts: number
  /** EP4TAs that translations are tagged with: one where there is no EPT. */
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

  /** Per vCPU: control bits; bits 11:0 of CR3; PKRU. -1 in a scenario without them. */
  readonly controls: number
  readonly pcid: number
  readonly pkru: number
  /** Contents of the frames, or -1. */
  readonly content: number
  /** What the interrupt features keep. */
  readonly events: Events

  /** Per vCPU: what its VMCS says of VPID (from 0) and EPTP; -1 in a scenario without them. */
  readonly vpid: number
  readonly eptp: number
  /** EPT entries, by EPT and guest frame. */
  readonly ept: number
  /** EPT tables, by EPT and the guest frames that they map; how many an EPT has, 0 where its entries are found at once. */
  readonly eptTable: number
  readonly eptTableCount: number
  /** Host frames: whether each is in use. */
  readonly hostFrame: number
  /** Per vCPU: page of the translation that host code holds. */
  readonly emulatorPage: number

  /** Error code of the fault that the step being done has met; means nothing between steps. */
  errorCode = 0
  /** Guest frame whose translation through EPT the step being done was refused; 0 for a fault of the guest's own. */
  violated = 0
  /** vCPUs (one bit each) that the host may as well have taken away, in a search that leaves that out. */
  couldBeAway = 0
  /** True once code of the system has asked where a vCPU runs. */
  placementSeen = false
  /** Which of its possible outcomes the step that is being done has; the explorer's pick. */
  alternative = 0

  /** Places in the TLB by page number; places in the structure caches by (level, page). */
  readonly pageSlot: readonly number[]
  /** Frames that are, or can become, page tables; the place of each is its slot. */
  readonly tableFrames: readonly number[]
  private readonly tableSlots: Int32Array
  /** By `level * 64 + page`. */
  private readonly structureSlotOf = new Int32Array(8 * 64).fill(-1)
  /** True if the context of a vCPU depends on more than its number. */
  private readonly movable: boolean

  readonly config: MachineConfig

  constructor(config: MachineConfig) {
    this.config = config
    const { vcpus, pcpus, pages, spaces, migration, devices } = config
    const walkers = (this.walkers = vcpus + devices)
    const geometry = (this.geometry = new Geometry(config))
    const { layout } = this
    this.cached = new CachedFormat(vcpus, geometry.frames, spaces, config.ept > 0)
    this.tableSlots = new Int32Array(geometry.frames + 1).fill(-1)
    const first = geometry.tables.map(({ frame }) => frame)
    const others = Array.from({ length: geometry.frames }, (_, i) => i + 1).filter((f) => !first.includes(f))
    this.tableFrames = config.anyTable ? [...first, ...others] : first
    this.tableFrames.forEach((frame, slot) => (this.tableSlots[frame] = slot))
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
    this.frame = layout.add('frame', geometry.frames + 1, FRAME_MAX)
    this.entries = layout.add(
      'entry',
      this.tableFrames.length * config.entries,
      largestEntry(geometry.frames),
    )
    this.interruptFlag = layout.add('IF', vcpus, 1)
    this.pending = layout.add('pending IPIs', vcpus, 255)
    this.cr3 = layout.add('CR3', walkers, spaces - 1)
    this.on = layout.add('runs on', vcpus, pcpus)
    this.walk = layout.addControl('walk', walkers)
    this.speculation = layout.addControl('speculative walk', vcpus)
    this.speculations = layout.add('speculations', 1, config.speculation)
    this.walkPage = layout.add('walk page', walkers, 63)
    this.speculationPage = layout.add('speculative page', vcpus, 63)
    const tableMask = 2 ** this.tableFrames.length - 1
    this.held = layout.add('software walk', vcpus, tableMask)
    this.dangling = layout.add('software walk dangling', vcpus, tableMask)
    this.movable = migration || config.vpids > 0
    this.contexts = (this.movable ? this.vpids * pcpus : vcpus) + devices
    this.views = Math.max(1, config.ept)
    this.pcids = Math.max(1, config.pcids)
    this.structureTags = this.views * this.pcids
    this.tagsOfView = this.pcids + (config.globals ? 1 : 0)
    this.tags = this.views * this.tagsOfView
    this.tagSize = pages.length * (config.multihit ? 2 : 1)
    this.structureSlots = cachedTables.length
    this.tlb = layout.add('TLB', this.contexts * this.tags * this.tagSize, this.cached.max)
    this.structures = layout.add(
      'paging-structure cache',
      this.contexts * this.structureTags * this.structureSlots,
      this.cached.max,
    )
    this.latch = layout.add('translation in use', walkers, this.cached.max)
    this.pointer = layout.add('walk pointer', walkers, this.cached.max)
    this.speculationPointer = layout.add('speculative walk pointer', vcpus, this.cached.max)
    this.pdptes = layout.add('PDPTE registers', config.pdptes ? vcpus * config.entries : 0, this.cached.max)
    const { frames } = geometry
    this.eptTableCount = config.eptTables ? Math.floor(frames / EPT_TABLE_SPAN) + 1 : 0
    this.guestPhysicalSlots = frames + 1 + this.eptTableCount
    this.guestPhysical = layout.add(
      'guest-physical mapping',
      pcpus * config.ept * this.guestPhysicalSlots,
      this.cached.max,
    )
    this.emulator = layout.add('emulator', config.emulation ? vcpus : 0, this.cached.max)
    this.cachedEnd = layout.size
    this.emulatorPage = layout.add('emulator page', config.emulation ? vcpus : 0, 63)
    this.vpid = config.vpids > 0 ? layout.add('VPID', vcpus, config.vpids - 1) : -1
    this.eptp = config.ept > 0 ? layout.add('EPTP', vcpus, config.ept - 1) : -1
    this.eptTable = layout.add('EPT table', config.ept * this.eptTableCount, EPT_TABLE_MAX)
    this.ept = layout.add('EPT entry', config.ept * (frames + 1), largestEptEntry(frames))
    this.hostFrame = layout.add('host frame', config.ept > 0 ? frames + 1 : 0, HOST_REUSED)
    this.controls = hasControls(config) ? layout.add('control bits', walkers, CONTROL_MAX) : -1
    this.pcid = config.pcids > 0 ? layout.add('CR3[11:0]', walkers, config.pcids - 1) : -1
    this.pkru = config.protection ? layout.add('PKRU', walkers, 255) : -1
    this.content = config.contents
      ? layout.add('content', geometry.contents, CONTENT_MAX | COPIED | SEEN)
      : -1
    this.buffer = new StoreBuffer(this)
    this.events = new Events(layout, config)
  }

  /**
   * Installs what an operation does, when it can be done, what it asks of the store buffer, and how many outcomes it
   * has (one).
   */
  install(op: Op, execute: Execute, guard?: Guard, wants?: Wants, outcomes?: Outcomes): void {
    this.execute[op.code] = execute
    this.guards[op.code] = this.withBuffer(guard, wants)
    this.outcomes[op.code] = outcomes
  }

  /** Installs a locked operation or a serializing instruction: one that waits for its CPU's store buffer. */
  installDrained(op: Op, execute: Execute, guard?: Guard, outcomes?: Outcomes): void {
    this.install(op, execute, guard, 'drained', outcomes)
  }

  /**
   * Installs what is sent through the local APIC. The xAPIC's registers are memory, written behind older stores; the MSR
   * of the x2APIC waits for none of them.
   */
  installSend(op: Op, execute: Execute): void {
    this.install(op, execute, undefined, this.config.x2apic ? undefined : 'drained')
  }

  /** The guard, where there are store buffers with what is asked of them. */
  private withBuffer(guard: Guard | undefined, wants: Wants | undefined): Guard | undefined {
    const { buffer } = this
    if (wants === undefined || buffer.depth === 0) return guard
    return wants === 'room'
      ? (v, a, b, c) => !buffer.isFull(v) && guard?.(v, a, b, c) !== false
      : (v, a, b, c) => buffer.isEmpty(v) && guard?.(v, a, b, c) !== false
  }

  /** Allocates the state, once all rooms have added their fields. */
  seal(): void {
    this.S = new Int32Array(this.layout.size)
  }

  /** Number of VPIDs: those that host code gives out, or one a vCPU. */
  get vpids(): number {
    return this.config.vpids || this.config.vcpus
  }

  /** Place of a vCPU's VPID among all, from 0. */
  vpidOf(vcpu: number): number {
    return this.vpid < 0 ? vcpu : this.S[this.vpid + vcpu]
  }

  /** The TLB context that a running vCPU uses, that of its VPID on its pCPU; or that of a device. */
  context(walker: number): number {
    if (!this.movable) return walker
    return walker < this.config.vcpus
      ? (this.S[this.on + walker] - 1) * this.vpids + this.vpidOf(walker)
      : this.contexts - this.walkers + walker
  }

  /** The context of a VPID (from 0) on a pCPU, or -1 where that VPID cannot have left anything. */
  contextOn(pcpu: number, vpid: number): number {
    if (this.movable) return pcpu * this.vpids + vpid
    return vpid % this.config.pcpus === pcpu ? vpid : -1
  }

  /** The EPT that a vCPU's accesses go through now. */
  view(vcpu: number): number {
    return this.eptp < 0 ? 0 : this.S[this.eptp + vcpu]
  }

  /** The PCID that a vCPU's accesses carry now. */
  tag(vcpu: number): number {
    return this.pcid >= 0 && this.S[this.controls + vcpu] & PCIDE ? this.S[this.pcid + vcpu] : 0
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
    return this.tlbOf(this.context(vcpu), this.view(vcpu), this.tag(vcpu))
  }

  /** The same of global pages, where there are any. */
  globalNow(vcpu: number): number {
    return this.tlbOf(this.context(vcpu), this.view(vcpu), this.pcids)
  }

  structuresNow(vcpu: number): number {
    return this.structuresOf(this.context(vcpu), this.view(vcpu), this.tag(vcpu))
  }

  /** Word of the EPT entry of a guest frame. */
  eptAt(view: number, frame: number): number {
    return this.ept + view * (this.geometry.frames + 1) + frame
  }

  /** Word of the guest-physical mapping of a guest frame that a pCPU may have cached. */
  guestPhysicalAt(pcpu: number, view: number, frame: number): number {
    return this.guestPhysical + (pcpu * this.views + view) * this.guestPhysicalSlots + frame
  }

  /** Word of what a frame holds at a page: a large frame holds one value for each. */
  contentAt(frame: number, page: number): number {
    return this.content + this.geometry.contentOffset(frame, page)
  }

  /** Word of the entry of a table frame that translates `page`. */
  entryAt(frame: number, level: number, page: number): number {
    return this.entries + this.tableSlots[frame] * this.config.entries + this.geometry.index(page, level)
  }

  /** Bit of a table frame in {@link held} and {@link dangling}; 0 for a frame that never held a table. */
  tableBit(frame: number): number {
    const slot = this.tableSlots[frame]
    return slot < 0 ? 0 : 1 << slot
  }

  /** Place of the structure-cache entry that leads to the table of `level` for `page`, or -1. */
  structureSlot(level: number, page: number): number {
    return this.structureSlotOf[level * 64 + page]
  }

  /** The pCPU + 1 that a vCPU is on, 0 for none, as an answer to code of the system that asks. */
  whereabouts(vcpu: number): number {
    this.placementSeen = true
    return this.S[this.on + vcpu]
  }

  /** Takes note that something was sent to a vCPU or done to it, which may be away. */
  witnessTarget(vcpu: number): void {
    if (this.S[this.on + vcpu] === 0 || this.couldBeAway & (1 << vcpu)) this.hooks.witness('target-preempted')
  }

  /** What a walker is called. */
  walkerName(walker: number): string {
    const device = walker - this.config.vcpus
    return device < 0 ? `CPU${walker}` : `device${device}`
  }

  /** True for a CPU that waits for a start-up IPI. */
  isOffline(vcpu: number): boolean {
    const { offline } = this.events
    return offline >= 0 && vcpu < this.config.vcpus && this.S[offline + vcpu] === WAITS_FOR_SIPI
  }

  isTable(frame: number): boolean {
    const kind = this.S[this.frame + frame] & KIND
    return kind === TABLE || kind === DYING
  }
}
