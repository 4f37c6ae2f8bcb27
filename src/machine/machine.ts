/**
 * The machine: its flat state, the geometry of its page tables, and the table of what each operation does. The files
 * beside this one install the operations of their subject; rooms further down install theirs. Nothing here knows a
 * kernel or a policy.
 */
import { Layout } from '../engine/layout.ts'
import type { Op } from '../engine/step.ts'
import { Caches } from './caches.ts'
import { CachedFormat, nestingOf } from './cached.ts'
import type { MachineConfig } from './config.ts'
import { controlMax, hasControls } from './control.ts'
import { largestEntry } from './entry.ts'
import { Events, WAITS_FOR_SIPI } from './events.ts'
import { EPT_TABLE_MAX, EPT_TABLE_SPAN, HOST_REUSED, largestEptEntry } from './ept-entry.ts'
import { CONTENT_MAX, COPIED, DYING, FRAME_MAX, KIND, SEEN, TABLE } from './frame-word.ts'
import { Geometry } from './geometry.ts'
import { withBuffer, type Execute, type Guard, type MachineHooks, type Outcomes } from './semantics.ts'
import { StoreBuffer, type Wants } from './store-buffer.ts'

export class Machine {
  readonly layout = new Layout()
  readonly geometry: Geometry
  readonly cached: CachedFormat
  readonly buffer: StoreBuffer
  /** Where translations are kept. */
  readonly caches: Caches
  /** The state; allocated by {@link seal}. */
  S: Int32Array = new Int32Array(0)
  /** The state, and behind it what is given for a whole run: the fields of {@link given}. */
  words: Int32Array = new Int32Array(0)
  readonly given = new Layout()
  readonly execute: Execute[] = []
  readonly guards: (Guard | undefined)[] = []
  readonly outcomes: (Outcomes | undefined)[] = []
  hooks: MachineHooks = {
    fact: () => {},
    witness: () => {},
    reached: () => {},
    placed: () => {},
    quiescent: () => {},
  }

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

  /** What translates addresses: vCPUs by number, then devices behind the IOMMU. */
  readonly walkers: number
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
  /** Large EPT entries, in place of EPT tables; 0 where a table is led to, or nothing. */
  readonly eptLarge: number
  /** Host frames: whether each is in use. */
  readonly hostFrame: number
  /** Per vCPU: page of the translation that host code holds. */
  readonly emulatorPage: number

  /** First control states of page walks, by what they are asked for, as far as they are known. */
  readonly walkRoots: number[] = []

  /** Error code of the fault that the step being done has met; means nothing between steps. */
  errorCode = 0
  /** Guest frame whose translation through EPT the step being done was refused; 0 for a fault of the guest's own. */
  violated = 0
  /** Which of its possible outcomes the step that is being done has; the explorer's pick. */
  alternative = 0

  /** Frames that are, or can become, page tables; the place of each is its slot. */
  readonly tableFrames: readonly number[]
  private readonly tableSlots: Int32Array
  readonly config: MachineConfig

  constructor(config: MachineConfig) {
    this.config = config
    const { vcpus, pcpus, spaces, devices } = config
    const walkers = (this.walkers = vcpus + devices)
    const geometry = (this.geometry = new Geometry(config))
    const { layout } = this
    this.cached = new CachedFormat(vcpus, geometry.frames, spaces, nestingOf(config), config.staleReads)
    this.tableSlots = new Int32Array(geometry.frames + 1).fill(-1)
    const first = geometry.tables.map(({ frame }) => frame)
    const others = Array.from({ length: geometry.frames }, (_, i) => i + 1).filter((f) => !first.includes(f))
    this.tableFrames = config.anyTable ? [...first, ...others] : first
    this.tableFrames.forEach((frame, slot) => (this.tableSlots[frame] = slot))
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
    const { frames } = geometry
    this.eptTableCount = config.eptTables ? Math.floor(frames / EPT_TABLE_SPAN) + 1 : 0
    this.caches = new Caches(this)
    this.emulatorPage = layout.add('emulator page', config.emulation ? vcpus : 0, 63)
    this.vpid = config.vpids > 0 ? layout.add('VPID', vcpus, config.vpids - 1) : -1
    this.eptp = config.ept > 0 ? layout.add('EPTP', vcpus, config.ept - 1) : -1
    this.eptTable = layout.add('EPT table', config.ept * this.eptTableCount, EPT_TABLE_MAX)
    this.ept = layout.add('EPT entry', config.ept * (frames + 1), largestEptEntry(frames))
    const larges = config.eptLarge ? config.ept * this.eptTableCount : 0
    this.eptLarge = layout.add('large EPT entry', larges, largestEptEntry(frames))
    this.hostFrame = layout.add('host frame', config.ept > 0 ? frames + 1 : 0, HOST_REUSED)
    this.controls = hasControls(config) ? layout.add('control bits', walkers, controlMax(config)) : -1
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
    this.guards[op.code] = withBuffer(this.buffer, guard, wants)
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

  /** Allocates the state, once all rooms have added their fields. */
  seal(): void {
    this.words = new Int32Array(this.layout.size + this.given.size)
    this.S = this.words.subarray(0, this.layout.size)
  }

  /** Word of the EPT entry of a guest frame. */
  eptAt(view: number, frame: number): number {
    return this.ept + view * (this.geometry.frames + 1) + frame
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

  /** The pCPU + 1 that a vCPU is on, 0 for none, as an answer to code of the system that asks. */
  whereabouts(vcpu: number): number {
    this.hooks.placed()
    return this.S[this.on + vcpu]
  }

  /** Takes note that something was sent to a vCPU or done to it, which may be away. */
  witnessTarget(vcpu: number): void {
    if (this.S[this.on + vcpu] === 0) this.hooks.witness('target-preempted')
    else this.hooks.reached(vcpu)
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
