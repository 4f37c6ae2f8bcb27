/**
 * The instructions of one CPU, as code under test executes them: loads and stores, locked operations, interrupt flag,
 * invalidations. Every method is one step or a few; run it with `yield*`. Nothing here knows a kernel: a policy finds
 * these as `cpu.x86`, an experiment is written with nothing else.
 */
import { fail } from '../errors.ts'
import { perform, type Code } from '../engine/step.ts'
import { ACCESS, DETAILED, decodeAccess, type Access } from './access.ts'
import type { MachineConfig } from './config.ts'
import { CR3_NOFLUSH, PCIDE, PGE, hasControls } from './control.ts'
import type { Features } from './features.ts'
import type { Geometry } from './geometry.ts'
import { CLI, STI } from './interrupts.ts'
import { INVLPG, LOAD_CR3 } from './invalidate.ts'
import { ADD, AND, CHOOSE, CMPXCHG, LOAD, MAX_CHOICES, OR, STORE, UNTIL, XCHG } from './memory.ts'
import { CONTENT_MAX } from './machine.ts'
import { INVPCID, NON_CANONICAL, WRITE_CONTROLS, WRPKRU } from './pcid.ts'
import { FETCH, IMPLICIT, SUPERVISOR, WRITE } from './rights.ts'
import { READ_ENTRY, REVOKE_ENTRY, SET_ENTRY, place } from './tables.ts'
import { Vmx } from './vmx.ts'
import { resultsOf, type Word } from './word.ts'

/** Who accesses memory: user code, unless it is said otherwise. */
export interface AccessMode {
  /** CPL below 3. */
  readonly supervisor?: boolean
  /** An access of the processor's own to a system structure. */
  readonly implicit?: boolean
}

const modeBits = ({ supervisor = false, implicit = false }: AccessMode): number =>
  (supervisor ? SUPERVISOR : 0) | (implicit ? IMPLICIT : 0)

export class X86 {
  /** Number of this CPU. */
  readonly id: number
  /** What the host can do on the pCPU of this CPU, between two instructions of its guest. */
  readonly vmx: Vmx
  private readonly geometry: Geometry

  constructor(id: number, geometry: Geometry) {
    this.id = id
    this.geometry = geometry
    this.vmx = new Vmx(geometry)
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

  /** Data read. The modes of an access: user mode unless it says `supervisor` (CPL < 3) or `implicit`. */
  *read(page: number, mode: AccessMode = {}): Code<Access> {
    return yield* this.access(page, modeBits(mode), 0)
  }

  /** Data write of a small value. */
  *write(page: number, value = 1, mode: AccessMode = {}): Code<Access> {
    if (!(value >= 0 && value <= CONTENT_MAX))
      throw fail.badConfig('value of write', value, `0 to ${CONTENT_MAX}, which is what a frame can hold`)
    return yield* this.access(page, modeBits(mode) | WRITE, value)
  }

  /** Instruction fetch. */
  *fetch(page: number, mode: AccessMode = {}): Code<Access> {
    return yield* this.access(page, modeBits(mode) | FETCH, 0)
  }

  private *access(page: number, mode: number, value: number): Code<Access> {
    if (!this.config.pages.includes(page))
      throw fail.badConfig('page of an access', page, `one of ${this.config.pages.join(', ')}`)
    return decodeAccess(yield* perform(ACCESS, page, mode | DETAILED, value, 0))
  }

  /** Frame of the table of a level (1 = PTE table) that translates a page at the start. */
  table(level: number, page: number, space = 0): number {
    const first = level > this.config.levels ? -1 : this.geometry.base(page, level)
    const found = this.geometry.tables.find(
      (each) => each.level === level && each.space === space && each.first === first,
    )
    if (found === undefined)
      throw fail.badConfig('table(level, page, space)', [level, page, space], 'a table of the scenario')
    return found.frame
  }

  /** Frame that a page is mapped to at the start. */
  frame(page: number, space = 0): number {
    const found = this.geometry.datas.find((each) => each.page === page && each.space === space)
    if (found === undefined)
      throw fail.badConfig('frame(page, space)', [page, space], 'a page of the scenario')
    return found.frame
  }

  /** One of the frames that nothing maps at the start; the feature `spare` says how many there are. */
  spare(index = 0): number {
    const found = this.geometry.spare[index]
    if (found === undefined)
      throw fail.badConfig(
        'spare(index)',
        index,
        `below ${this.config.spare}, the feature "spare" of the machine`,
      )
    return found
  }

  /** Reads the entry of a level (1 = PTE) that translates a page, in the table of the start or in `table`. */
  *readEntry(level: number, page: number, table = this.table(level, page)): Code<number> {
    return yield* perform(READ_ENTRY, table, place(level, page))
  }

  /** Stores an entry: `entry(frame, P | RW | US)`, or 0 for none. */
  *setEntry(level: number, page: number, value: number, table = this.table(level, page)): Code {
    yield* perform(SET_ENTRY, table, place(level, page), value)
  }

  /** Clears flags of an entry with a locked and; returns whether one of them was set. */
  *clearFlags(level: number, page: number, flags: number, table = this.table(level, page)): Code<boolean> {
    return (yield* perform(REVOKE_ENTRY, table, place(level, page), flags)) === 1
  }

  /**
   * INVLPG of a linear address, here a page number: `offset` is what the instruction names, `base` that of its segment.
   * An address that is not canonical makes it a NOP; one that is not mapped is no fault.
   */
  *invlpg(offset: number, { base = 0 }: { readonly base?: number } = {}): Code {
    const page = base + offset
    if (!(page >= 0 && page < this.config.entries ** this.config.levels)) return
    const slot = this.config.pages.indexOf(page)
    yield* perform(INVLPG, slot < 0 ? 0 : 1 << slot)
  }

  /** INVPCID; returns false if it raised #GP. A page outside the tables' reach is a non-canonical address. */
  *invpcid(type: number, pcid = 0, page = 0): Code<boolean> {
    this.need('INVPCID', this.config.pcids > 0, 'pcids')
    if (type <= 1 && !(pcid >= 0 && pcid < this.config.pcids))
      throw fail.badConfig('PCID of invpcid', pcid, `0 to ${this.config.pcids - 1}`)
    const canonical = page >= 0 && page < this.config.entries ** this.config.levels
    return (yield* perform(INVPCID, type, pcid, canonical ? page : NON_CANONICAL)) === 0
  }

  /** MOV to CR3: loads an address space, under a PCID; with `noflush` (bit 63) nothing has to be dropped. */
  *loadCr3(space: number, { pcid = 0, noflush = false }: { pcid?: number; noflush?: boolean } = {}): Code {
    if (!(space >= 0 && space < this.config.spaces))
      throw fail.badConfig('space of loadCr3', space, `0 to ${this.config.spaces - 1}`)
    if (!(pcid >= 0 && pcid <= Math.max(0, this.config.pcids - 1)))
      throw fail.badConfig('PCID of loadCr3', pcid, `0 to ${this.config.pcids - 1}`)
    if (noflush) this.need('CR3 bit 63', this.config.pcids > 0, 'pcids')
    yield* perform(LOAD_CR3, space, pcid | (noflush ? CR3_NOFLUSH : 0))
  }

  /** Sets control bits (`PGE | SMEP`) and clears others; returns false if that raised #GP. */
  *writeControls(set: number, clear = 0): Code<boolean> {
    this.need('control bits', hasControls(this.config), 'protection')
    if ((set | clear) & PCIDE) this.need('CR4.PCIDE', this.config.pcids > 0, 'pcids')
    if ((set | clear) & PGE) this.need('CR4.PGE', this.config.globals, 'globals')
    return (yield* perform(WRITE_CONTROLS, set, clear)) === 0
  }

  /** WRPKRU: AD of key k is bit 2k, WD is bit 2k+1. */
  *wrpkru(value: number): Code {
    this.need('PKRU', this.config.protection, 'protection')
    yield* perform(WRPKRU, value)
  }

  private need(what: string, has: boolean, feature: keyof Features): void {
    if (!has) throw fail.needsFeature(what, feature)
  }
}
