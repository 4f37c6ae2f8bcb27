/**
 * The instructions of one CPU, as code under test executes them: loads and stores, locked operations, interrupt flag,
 * invalidations. Every method is one step or a few; run it with `yield*`. Nothing here knows a kernel: a policy finds
 * these as `cpu.x86`, an experiment is written with nothing else.
 */
import { fail } from '../errors.ts'
import { perform, type Code } from '../engine/step.ts'
import { access, writeAccess } from './access-instructions.ts'
import type { Access } from './access-result.ts'
import { Apic } from './apic.ts'
import { frameAtStart, spareAtStart, tableAtStart } from './at-start.ts'
import { INVLPGB, TLBSYNC } from './broadcast.ts'
import type { MachineConfig } from './config.ts'
import { MAPPED, P, US, entry } from './entry.ts'
import type { Events } from './events.ts'
import type { Geometry } from './geometry.ts'
import { IommuQueue } from './iommu-queue.ts'
import { CLI, HLT, STI, WOKEN } from './interrupts.ts'
import { LOAD_CR3, SAME_SPACE, SERIALIZE } from './invalidate.ts'
import { ADD, AND, CHOOSE, CMPXCHG, LOAD, MAX_CHOICES, MFENCE, OR, STORE, UNTIL, XCHG } from './memory.ts'
import { encodeOperand, type Operand } from './operand.ts'
import { WRPKRU } from './pcid.ts'
import { checked, need, type AccessMode, type Privilege, type Segment } from './operands.ts'
import { Rar } from './rar.ts'
import { FETCH } from './rights.ts'
import { invlpg, invpcid, loadCr3, writeControls } from './system-instructions.ts'
import { Svm } from './svm.ts'
import { GRANT_ENTRY, READ_ENTRY, REVOKE_ENTRY, SET_ENTRY, XCHG_ENTRY, place } from './table-ops.ts'
import { Vmx } from './vmx.ts'
import { resultsOf, type Word } from './word.ts'

export class X86 {
  /** Number of this CPU. */
  readonly id: number
  /** What the host can do on the pCPU of this CPU, between two instructions of its guest. */
  readonly vmx: Vmx
  /** The same with AMD's SVM. */
  readonly svm: Svm
  /** The invalidation queue of the IOMMU. */
  readonly iommu: IommuQueue
  /** What its local APIC sends to other CPUs. */
  readonly apic: Apic
  /** Remote Action Requests. */
  readonly rar: Rar
  private readonly geometry: Geometry

  constructor(id: number, geometry: Geometry, events: Events) {
    this.id = id
    this.iommu = new IommuQueue(geometry.config)
    this.apic = new Apic(geometry.config)
    this.rar = new Rar(events)
    this.geometry = geometry
    this.vmx = new Vmx(geometry)
    this.svm = new Svm(geometry.config)
  }

  get config(): MachineConfig {
    return this.geometry.config
  }

  /** Number of CPUs. */
  get cpus(): number {
    return this.config.vcpus
  }

  /** MOV from memory: loads a word. */
  *load(at: Word): Code<number> {
    return yield* perform(LOAD, at.at, 0, 0, resultsOf(at))
  }

  /** MOV to memory: stores a word. */
  *store(at: Word, value: number): Code {
    // A value that was left out must not become the default of a step's argument.
    yield* perform(STORE, at.at, value ?? Number.NaN)
  }

  /** MFENCE: goes on once every older store of this CPU is visible to all. */
  *mfence(): Code {
    yield* perform(MFENCE)
  }

  /** A serializing instruction without any other effect, such as CPUID, or IRET to the same place (SDM vol. 3). */
  *serialize(): Code {
    yield* perform(SERIALIZE)
  }

  /** Locked exchange; returns the old value. */
  *xchg(at: Word, value: number): Code<number> {
    return yield* perform(XCHG, at.at, value, 0, resultsOf(at))
  }

  /** Locked compare-and-exchange; returns the old value, which equals `from` if it succeeded. */
  *cmpxchg(at: Word, from: number, to: number): Code<number> {
    return yield* perform(CMPXCHG, at.at, from, to, resultsOf(at))
  }

  /** Locked or; returns the old value. */
  *fetchOr(at: Word, bits: number): Code<number> {
    return yield* perform(OR, at.at, bits, 0, resultsOf(at))
  }

  /** Locked and; returns the old value. */
  *fetchAnd(at: Word, bits: number): Code<number> {
    return yield* perform(AND, at.at, bits, 0, resultsOf(at))
  }

  /** Locked add; returns the old value. */
  *fetchAdd(at: Word, amount: number): Code<number> {
    return yield* perform(ADD, at.at, amount, 0, resultsOf(at))
  }

  /** Waits until `(word & mask) === value`, as a spin loop would; interrupts are taken meanwhile if IF=1. */
  *until(at: Word, value: number, mask = -1): Code {
    yield* perform(UNTIL, at.at, mask, value)
  }

  /** One of 0 .. n-1, chosen by the explorer: an outcome that nobody in the machine decides. */
  *choose(n: number): Code<number> {
    if (!Number.isInteger(n) || n < 1 || n > MAX_CHOICES)
      throw fail.badConfig('choose(n)', n, `1 to ${MAX_CHOICES}`)
    return yield* perform(CHOOSE, n, 0, 0, n)
  }

  /** EFLAGS.IF = 0: no interrupt is taken from now on. */
  *cli(): Code {
    yield* perform(CLI)
  }

  /** EFLAGS.IF = 1. */
  *sti(): Code {
    yield* perform(STI)
  }

  /** HLT: waits for an interrupt or an NMI, and goes on behind it once that was handled. */
  *hlt(): Code {
    need('HLT', this.config.interruptShadow, 'interruptShadow')
    yield* perform(HLT)
    yield* perform(WOKEN)
  }

  /** INVLPGB (AMD APM vol. 3): every CPU invalidates this some time from now; {@link tlbsync} waits for that. */
  *invlpgb(what: Operand = {}): Code {
    need('INVLPGB', this.config.invlpgb > 0, 'invlpgb')
    yield* perform(INVLPGB, encodeOperand(what))
  }

  /** TLBSYNC: waits until every CPU has done the INVLPGBs that this physical CPU has issued. */
  *tlbsync(): Code {
    need('TLBSYNC', this.config.invlpgb > 0, 'invlpgb')
    yield* perform(TLBSYNC)
  }

  /**
   * Data read. An address is a page number; one that the tables do not reach is not canonical. User mode unless it
   * says `supervisor` (CPL < 3) or `implicit`; `base` and `limit` are those of its segment.
   */
  read(page: number, mode: AccessMode = {}): Code<Access> {
    return access(this.config, page, 0, 0, mode)
  }

  /** Data write of a small value, which frames hold with the feature `contents`. */
  write(page: number, value = 1, mode: AccessMode = {}): Code<Access> {
    return writeAccess(this.config, page, value, mode)
  }

  /** Instruction fetch. */
  fetch(page: number, mode: AccessMode = {}): Code<Access> {
    return access(this.config, page, FETCH, 0, mode)
  }

  /** Frame of the table of a level (1 = PTE table) that translates a page at the start. */
  table(level: number, page: number, space = 0): number {
    return tableAtStart(this.geometry, level, page, space)
  }

  /** Frame that a page is mapped to at the start. */
  frame(page: number, space = 0): number {
    return frameAtStart(this.geometry, page, space)
  }

  /** One of the frames that nothing maps at the start; the feature `spare` says how many there are. */
  spare(index = 0): number {
    return spareAtStart(this.geometry, index)
  }

  /** Reads the entry of a level (1 = PTE) that translates a page, in the table of the start or in `table`. */
  *readEntry(level: number, page: number, table = this.table(level, page)): Code<number> {
    return yield* perform(READ_ENTRY, table, place(level, page))
  }

  /** Stores an entry: `entry(frame, P | RW | US)`, or 0 for none. */
  *setEntry(level: number, page: number, value: number, table = this.table(level, page)): Code {
    yield* perform(SET_ENTRY, table, place(level, page), checked(this.geometry, level, value))
  }

  /** Stores an entry with a locked exchange; returns the old one. */
  *xchgEntry(level: number, page: number, value: number, table = this.table(level, page)): Code<number> {
    return yield* perform(XCHG_ENTRY, table, place(level, page), checked(this.geometry, level, value))
  }

  /** Sets flags of an entry with a locked or. */
  *setFlags(level: number, page: number, flags: number, table = this.table(level, page)): Code {
    // Without P a check of flags alone, not of the frame that they come to stand beside.
    checked(this.geometry, level, flags & ~P)
    yield* perform(GRANT_ENTRY, table, place(level, page), flags)
  }

  /** Clears flags of an entry with a locked and; returns whether one of them was set. */
  *clearFlags(level: number, page: number, flags: number, table = this.table(level, page)): Code<boolean> {
    if (flags & US) need('An entry without US', this.config.protection, 'protection')
    return (yield* perform(REVOKE_ENTRY, table, place(level, page), flags)) === 1
  }

  /** Stores the PTE of a page: `frame` with the flags of a page of the start, or others. */
  *map(page: number, frame: number, flags = MAPPED, space = 0): Code {
    yield* this.setEntry(1, page, entry(frame, flags), this.table(1, page, space))
  }

  /** Stores 0 in the PTE of a page. */
  *unmap(page: number, space = 0): Code {
    yield* this.setEntry(1, page, 0, this.table(1, page, space))
  }

  /**
   * INVLPG of a linear address, here a page number, in a segment. An address that is not canonical, or beyond the
   * limit, is no fault, nor is one that is not mapped; returns false for the #GP of CPL 3.
   */
  invlpg(offset: number, options: Segment & Privilege = {}): Code<boolean> {
    return invlpg(this.config, offset, options)
  }

  /** INVPCID; returns false if it raised #GP. A page outside the tables' reach is a non-canonical address. */
  invpcid(type: number, pcid = 0, page = 0, options: Privilege = {}): Code<boolean> {
    return invpcid(this.config, type, pcid, page, options)
  }

  /**
   * MOV to CR3: loads an address space, under a PCID; with `noflush` (bit 63) nothing has to be dropped. Returns false
   * if it raised #GP, as bit 63 does while CR4.PCIDE=0.
   */
  loadCr3(space: number, options: { pcid?: number; noflush?: boolean } & Privilege = {}): Code<boolean> {
    return loadCr3(this.config, space, options)
  }

  /** MOV CR3, CR3: drops what a load of CR3 drops, without another address space or PCID (__native_flush_tlb of Linux). */
  *reloadCr3(): Code {
    yield* perform(LOAD_CR3, SAME_SPACE)
  }

  /**
   * Sets control bits (`PGE | SMEP`) and clears others: MOV to CR0 or CR4, WRMSR of EFER.NXE, STAC and CLAC. Returns
   * false if that raised #GP.
   */
  writeControls(set: number, clear = 0, options: Privilege = {}): Code<boolean> {
    return writeControls(this.config, set, clear, options)
  }

  /** WRPKRU, which user code may execute: AD of key k is bit 2k, WD is bit 2k+1. */
  *wrpkru(value: number): Code {
    need('PKRU', this.config.protection, 'protection')
    yield* perform(WRPKRU, value)
  }
}
