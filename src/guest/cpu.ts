/**
 * The handle that guest kernel code and policies are written with. Every method is a step or a few: run it with
 * `yield*`. Nothing happens between two steps of one CPU that others cannot see coming: between any two, every other
 * CPU, the host and the hardware may act.
 */
import { fail } from '../errors.ts'
import { checkpoint, perform, type Code } from '../engine/step.ts'
import { ACCESS } from '../machine/access.ts'
import { ALLOCATE_PAGE, FOR_DATA, FOR_TABLE } from '../machine/allocate.ts'
import type { MachineConfig } from '../machine/config.ts'
import { COPY_PAGE, REPLACES } from '../machine/copy.ts'
import { FREE_TABLE, IS_UNPINNED, PUT, TRY_GET } from '../machine/frames.ts'
import type { IommuQueue } from '../machine/iommu-queue.ts'
import { SEND_IPI } from '../machine/interrupts.ts'
import { INVLPG } from '../machine/invalidate.ts'
import { LOCK, TRY_ALLOCATE, UNLOCK } from '../machine/memory.ts'
import { FLAGS_MAX, HYPERCALL, encodeInput, type HypercallInput } from '../hypervisor/hypercall.ts'
import { nmiUaccessOkay } from './loaded.ts'
import type { Kernel } from './kernel.ts'
import { bringUp, goOffline } from './hotplug.ts'
import type { Hooks } from './hooks.ts'
import { Mm } from './mm.ts'
import { CALL_RCU_HEAD, puts, raises } from './rcu-head.ts'
import { CALL_RCU, RCU_LOCK, RCU_UNLOCK, SYNC_RCU_BEGIN, SYNC_RCU_END } from './rcu.ts'
import type { FlushRequest } from './request.ts'
import { callFunction, callFunctionInterrupt, SYNC } from './smp.ts'
import type { Word } from '../machine/word.ts'
import { X86 } from '../machine/x86.ts'
import type { Surroundings, KernelFeatures } from './surroundings.ts'

/** A handle whose policy's variables and options do not matter to the code at hand. */
// oxlint-disable-next-line typescript/no-explicit-any -- policies take handles of their own kind; only any fits all of them
export type AnyCpu = Cpu<any, any>

export class Cpu<Shared = unknown, Options = unknown> {
  /** Number of this CPU. */
  readonly id: number
  /** The bare instructions of this CPU. */
  readonly x86: X86
  private readonly around: Surroundings<Shared, Options>

  constructor(id: number, around: Surroundings<Shared, Options>) {
    this.id = id
    this.x86 = new X86(id, around.kernel.geometry, around.kernel.events)
    this.around = around
  }

  /** The invalidation queue of the IOMMU, in a machine with devices. */
  get iommu(): IommuQueue {
    return this.x86.iommu
  }

  /** Number of CPUs. */
  get cpus(): number {
    return this.around.config.vcpus
  }

  /** The policy's shared variables: `cpu.shared.pending.of(target)`. */
  get shared(): Shared {
    return this.around.shared
  }

  /** The policy's options. */
  get options(): Options {
    return this.around.options
  }

  /** Kernel variables. */
  get kernel(): Kernel {
    return this.around.kernel
  }

  /** What the kernel of this scenario keeps track of. */
  get features(): KernelFeatures {
    return this.around.features
  }

  /** @internal The policy, as kernel code calls it. */
  get policy(): Hooks {
    return this.around.policy
  }

  get config(): MachineConfig {
    return this.around.config
  }

  /** An address space as kernel code handles it: its lock, entries, references, and the flush of a range. */
  mm(space: number): Mm {
    return new Mm(this, space)
  }

  /** Loads a word. */
  load(at: Word): Code<number> {
    return this.x86.load(at)
  }

  /** Stores a word. */
  store(at: Word, value: number): Code {
    return this.x86.store(at, value)
  }

  /** MFENCE (smp_mb): goes on once every older store of this CPU is visible to all. */
  mfence(): Code {
    return this.x86.mfence()
  }

  /** Locked exchange; returns the old value. */
  xchg(at: Word, value: number): Code<number> {
    return this.x86.xchg(at, value)
  }

  /** Locked compare-and-exchange; returns the old value, which equals `from` if it succeeded. */
  cmpxchg(at: Word, from: number, to: number): Code<number> {
    return this.x86.cmpxchg(at, from, to)
  }

  /** Locked or; returns the old value. */
  fetchOr(at: Word, bits: number): Code<number> {
    return this.x86.fetchOr(at, bits)
  }

  /** Locked and; returns the old value. */
  fetchAnd(at: Word, bits: number): Code<number> {
    return this.x86.fetchAnd(at, bits)
  }

  /** Locked add; returns the old value. */
  fetchAdd(at: Word, amount: number): Code<number> {
    return this.x86.fetchAdd(at, amount)
  }

  /** Waits until `(word & mask) === value`, as a spin loop would; interrupts are taken meanwhile if IF=1. */
  until(at: Word, value: number, mask = -1): Code {
    return this.x86.until(at, value, mask)
  }

  /** One of 0 .. n-1, chosen by the explorer: an outcome that nobody in the machine decides. */
  choose(n: number): Code<number> {
    return this.x86.choose(n)
  }

  /** An allocation that may fail (GFP_NOWAIT): true if it succeeded. */
  *tryAllocate(): Code<boolean> {
    return (yield* perform(TRY_ALLOCATE)) === 0
  }

  /** Acquires a lock word that nobody holds, or waits. */
  *lock(at: Word): Code {
    yield* perform(LOCK, at.at)
  }

  /** Releases a lock word with a plain store. */
  *unlock(at: Word): Code {
    yield* perform(UNLOCK, at.at)
  }

  /** EFLAGS.IF = 0: no interrupt is taken from now on; RCU counts it as a read-side section. */
  cli(): Code {
    return this.x86.cli()
  }

  /** EFLAGS.IF = 1. */
  sti(): Code {
    return this.x86.sti()
  }

  /** User-mode access to a page through the TLB; true if it faulted. */
  *access(page: number, kind: 'read' | 'write'): Code<boolean> {
    if (!this.config.pages.includes(page))
      throw fail.badConfig('page of access', page, `one of ${this.config.pages.join(', ')}`)
    return (yield* perform(ACCESS, page, kind === 'write' ? 1 : 0)) === 1
  }

  /** INVLPG of the pages in a mask: their TLB entries and all paging-structure caches of this CPU. */
  *invlpg(pages: number): Code {
    yield* perform(INVLPG, pages)
  }

  /** MOV to CR3 (PCIDE=0): loads an address space and drops everything that this CPU has cached. */
  *loadCr3(space: number): Code {
    yield* this.x86.loadCr3(space)
  }

  /** Removes from this CPU what a request names. */
  *flushLocal(request: FlushRequest): Code {
    yield* this.invlpg(request.pages)
  }

  /** Sends an IPI of the policy's own to a CPU; does not wait. With x2APIC, older stores may still be buffered: fence first. */
  *sendIpi(target: number, vector: string): Code {
    if (!(target >= 0 && target < this.cpus))
      throw fail.badConfig('target of sendIpi', target, `a CPU from 0 to ${this.cpus - 1}`)
    yield* perform(SEND_IPI, target, this.vector(vector))
  }

  /** Sends an IPI with NMI delivery mode; the policy's `nmi` handles it. Does not wait. */
  sendNmi(target: number): Code {
    return this.x86.apic.sendNmi(target)
  }

  /**
   * Takes this CPU out of `kernel.online` and offline, until another brings it up, in the address space that it left;
   * false if CPUs have gone offline as often as the machine's `hotplug` says. Not with a lock held.
   */
  goOffline(): Code<boolean> {
    return goOffline(this)
  }

  /** True if an NMI handler may access user memory now: no switch is going on, and this is no kernel thread. */
  nmiUaccessOkay(): Code<boolean> {
    return nmiUaccessOkay(this)
  }

  /** Starts a CPU that is offline and waits until it is online. Not with a lock held. */
  *bringUp(target: number): Code {
    this.checkCpus('bringUp', [target])
    yield* bringUp(this, target)
  }

  /** Makes each target run the flush handler with this request, and waits for all (smp_call_function_many). */
  *callFunction(targets: readonly number[], request: FlushRequest, options: { wait?: boolean } = {}): Code {
    this.checkCpus('callFunction', targets)
    yield* callFunction(this, targets, request.code, options.wait ?? true)
  }

  /** Does now what others have asked this CPU for by `callFunction`, as the handler of their IPIs would (flush_smp_call_function_queue). */
  *serveCalls(): Code {
    yield* callFunctionInterrupt(this)
  }

  /** Sends an empty IPI to the targets and waits for all: whoever had interrupts off has had them on since (tlb_remove_table_sync_one). */
  *syncByIpi(targets: readonly number[]): Code {
    this.checkCpus('syncByIpi', targets)
    yield* callFunction(this, targets, SYNC, true)
  }

  /**
   * Calls the host; `pages` is a mask of pages (0 = all), `cpus` the vCPUs that it is about, `input` what a host may ask
   * for beside them: flags, an address space. Returns the host's result.
   */
  *hypercall(name: string, pages: number, cpus: readonly number[], input: HypercallInput = {}): Code<number> {
    this.checkCpus('hypercall', cpus)
    const { flags = 0, space = 0 } = input
    if (!(flags >= 0 && flags <= FLAGS_MAX))
      throw fail.badConfig('flags of hypercall', flags, `0 to ${FLAGS_MAX}`)
    if (!(space >= 0 && space < this.config.spaces))
      throw fail.badConfig('space of hypercall', space, `0 to ${this.config.spaces - 1}`)
    const number = this.around.hypercalls.indexOf(name)
    if (number < 0)
      throw new Error(
        `no hypercall named "${name}"; the policy declares: ${this.around.hypercalls.join(', ') || 'none'}`,
      )
    return yield* perform(HYPERCALL, number, pages, encodeInput(cpus, input))
  }

  /** Hands a page-table page back to the allocator at once. */
  *freeTableNow(table: number): Code {
    if (!(table >= 1 && table <= this.around.frames))
      throw fail.badConfig('table of freeTableNow', table, `a frame from 1 to ${this.around.frames}`)
    yield* perform(FREE_TABLE, table)
  }

  /**
   * Allocates any free frame for data or as an empty page table, or fails: 0. Without `mayFail` it fails only where no
   * frame is free. The explorer picks.
   */
  *allocate(purpose: 'data' | 'table', { mayFail = true } = {}): Code<number> {
    return yield* perform(ALLOCATE_PAGE, purpose === 'table' ? FOR_TABLE : FOR_DATA, mayFail ? 1 : 0)
  }

  /** Takes a reference to a page unless it has none left (folio_try_get); true if it was taken. */
  *tryGet(frame: number): Code<boolean> {
    this.checkFrame('tryGet', frame)
    return (yield* perform(TRY_GET, frame)) === 1
  }

  /** Drops a reference to a page; the last one frees it (folio_put). */
  *put(frame: number): Code {
    this.checkFrame('put', frame)
    yield* perform(PUT, frame)
  }

  /** True if the mapping holds the only reference to a page: nobody has pinned it (what migration and collapse ask). */
  *isUnpinned(frame: number): Code<boolean> {
    this.checkFrame('isUnpinned', frame)
    return (yield* perform(IS_UNPINNED, frame)) === 1
  }

  /** Copies what `from` holds at a page to `to`; with `replaces`, stores to `from` are lost from now on (migration). */
  *copyPage(to: number, from: number, page: number, { replaces = false } = {}): Code {
    this.checkFrame('copyPage', to)
    this.checkFrame('copyPage', from)
    yield* perform(COPY_PAGE, to, from, page | (replaces ? REPLACES : 0))
  }

  /** Hands a page-table page back once every reader of now is gone (call_rcu); interrupts off counts as reading. */
  *rcuFree(table: number): Code {
    yield* perform(CALL_RCU, table)
  }

  /**
   * call_rcu with a head of the policy's own (`rcuHead()`): once every reader of now is gone, `put` drops a reference to
   * a frame, or `raise` runs one of the policy's interrupt handlers on this CPU.
   */
  *callRcu(head: Word, what: { readonly put: number } | { readonly raise: string }): Code {
    if (!this.kernel.heads.words.some(({ at }) => at === head.at))
      throw fail.badConfig('head of callRcu', head.name, 'a variable that is declared with rcuHead()')
    if ('put' in what) this.checkFrame('callRcu', what.put)
    yield* perform(CALL_RCU_HEAD, head.at, 'put' in what ? puts(what.put) : raises(this.vector(what.raise)))
  }

  /** Waits until every reader of now is gone. */
  *synchronizeRcu(): Code {
    yield* perform(SYNC_RCU_BEGIN)
    yield* perform(SYNC_RCU_END)
  }

  *rcuReadLock(): Code {
    yield* perform(RCU_LOCK)
  }

  *rcuReadUnlock(): Code {
    yield* perform(RCU_UNLOCK)
  }

  /** All CPUs but this one. */
  others(): number[] {
    return Array.from({ length: this.cpus }, (_, v) => v).filter((v) => v !== this.id)
  }

  /** Declares that what follows depends on nothing but `name` and `locals`; see {@link checkpoint}. */
  *checkpoint(name: string, ...locals: number[]): Code {
    yield* checkpoint(name, ...locals)
  }

  private checkCpus(method: string, cpus: readonly number[]): void {
    const wrong = cpus.find((cpu) => !(cpu >= 0 && cpu < this.cpus))
    if (wrong !== undefined)
      throw fail.badConfig(`target of ${method}`, wrong, `a CPU from 0 to ${this.cpus - 1}`)
  }

  private checkFrame(method: string, frame: number): void {
    if (!(frame >= 1 && frame <= this.around.frames))
      throw fail.badConfig(`frame of ${method}`, frame, `1 to ${this.around.frames}`)
  }

  private vector(name: string): number {
    const vector = this.around.vectors.indexOf(name)
    if (vector < 0)
      throw new Error(
        `no interrupt named "${name}"; the policy declares: ${this.around.vectors.slice(1).join(', ') || 'none'}`,
      )
    return vector
  }
}
