/**
 * The contract of a flush policy: a plain object of generator methods. `flush` is all that it must have; everything
 * else has the meaning that the simplest kernel would give it.
 */
import { z } from 'zod'
import type { Code } from '../engine/step.ts'
import type { HostCpu } from '../hypervisor/host-cpu.ts'
import type { HypercallInput } from '../hypervisor/hypercall.ts'
import type { MachineConfig } from '../machine/config.ts'
import type { Cpu } from './cpu.ts'
import type { PolicyOperation } from './operations/index.ts'
import type { SharedDeclaration, SharedWords } from '../machine/word.ts'
import type { FlushRequest } from './request.ts'

/** The policy's variables as its code sees them. */
export type Shared<D> = { readonly [K in keyof D]: SharedWords }

export interface Policy<
  D extends Record<string, SharedDeclaration> = Record<string, SharedDeclaration>,
  O extends z.ZodType = z.ZodType,
> {
  /** Kebab-case name; reports and corpus cases carry it. */
  readonly name: string
  /** One sentence: how remote TLBs are flushed and tables freed. */
  readonly summary: string
  /** What is claimed of the policy; without a claim, any race is a finding. */
  readonly expected?: 'safe' | 'broken'
  /** For a broken policy: the invariants that it is known to break, or a sentence that says how it breaks. */
  readonly breaks?: string
  /** The shipped policy that cures it: corpus cases of this one must be `fixed` there. */
  readonly fixedBy?: string
  /** Schema of its options, with a default for each; code reads them as `cpu.options`. */
  readonly options?: O
  /** The options in force; set by `withOptions`, defaults where it is absent. */
  readonly chosen?: z.output<O>
  /**
   * True if the policy treats all CPUs alike, and all pages of a table: renumbering them changes nothing. Then workloads
   * that differ only in that are searched once. `cpus` if that holds of CPUs alone, because an operation of its own or
   * its boot tells a page from its neighbour. Leave it out where a number of a CPU decides anything; a wrong claim is
   * mostly found out.
   */
  readonly symmetric?: boolean | 'cpus'
  /** Variables of its own, laid out in machine memory: `perCpu({ max })`, `variable({ max })`. */
  readonly shared?: D

  /**
   * What each CPU does before the workload begins, one after the other, while nobody else moves: mappings, control
   * bits, a CR3 load under a PCID. It cannot wait, and is no part of schedules.
   */
  boot?(cpu: Cpu<Shared<D>, z.output<O>>): Code
  /**
   * Before anything is unhooked: what mmu_gather decides when it queues a table. The number returned is handed to
   * `flush` and `freeTable` of the same operation.
   */
  gather?(cpu: Cpu<Shared<D>, z.output<O>>, request: FlushRequest): Code<number | void>
  /** The tables changed: make every CPU in `request.targets`, and this one, stop using what they said before. */
  flush(cpu: Cpu<Shared<D>, z.output<O>>, request: FlushRequest, gathered: number): Code
  /** What a CPU does that `cpu.callFunction` interrupts with a request (flush_tlb_func). Default: INVLPG of its pages. */
  flushRemote?(cpu: Cpu<Shared<D>, z.output<O>>, request: FlushRequest): Code
  /** Gives a page-table page back. Default: at once. */
  freeTable?(cpu: Cpu<Shared<D>, z.output<O>>, table: number, gathered: number): Code
  /** The operation that gathered is over. */
  finish?(cpu: Cpu<Shared<D>, z.output<O>>, gathered: number): Code
  /** Handlers of the policy's own IPIs, by vector name; run with IF=0. */
  readonly interrupts?: Readonly<Record<string, (cpu: Cpu<Shared<D>, z.output<O>>) => Code<number | void>>>
  /** Handler of NMIs; runs whatever IF says, and no other NMI before it ends. Without it, none arrives from outside. */
  nmi?(cpu: Cpu<Shared<D>, z.output<O>>): Code<number | void>
  /** Host code, by the name that `cpu.hypercall` uses. */
  readonly hypercalls?: Readonly<Record<string, HypercallHandler<Shared<D>>>>
  /** Host code that runs before a vCPU that was scheduled enters guest mode. */
  onVcpuEntry?(host: HostCpu<Shared<D>>): Code
  /** Host code that runs after a preempted vCPU has left guest mode. */
  onVcpuExit?(host: HostCpu<Shared<D>>): Code
  /**
   * Host code for an EPT violation of a guest frame, with EPT on. The access is tried again when it returns, or ends in
   * the violation if it returns a number other than 0, as it does without this handler.
   */
  onEptViolation?(
    host: HostCpu<Shared<D>>,
    frame: number,
    kind: 'read' | 'write' | 'fetch',
  ): Code<number | void>
  /**
   * Guest operations that only this policy has: turning a static key, or a path of the kernel that differs from the
   * built-in one (an munmap of its own, a switch_mm of its own). They join the generated workloads.
   */
  readonly operations?: Readonly<
    Record<
      string,
      Omit<PolicyOperation, 'run'> & {
        run(cpu: Cpu<Shared<D>, z.output<O>>, page: number, space: number): Code<number | void>
      }
    >
  >
  /** Names of the operations, built-in or its own, that generated workloads consist of. Default: all of them. */
  readonly workload?: readonly string[]
  /** The machine that it is raced on, unless bounds say otherwise: `{ vcpus: 3, pcids: 2, groups: [[2, 3]] }`. */
  readonly machine?: Partial<Omit<MachineConfig, 'pages' | 'spaces'>> & {
    /** Pages that workloads can name: each group is mapped by one table, and is a region if it fills it. */
    readonly groups?: number[][]
  }
  /** What must never happen under this policy, beside the built-in invariants; looked at after every step. */
  readonly invariants?: readonly PolicyInvariant<Shared<D>>[]
}

/** A policy whose variables and options do not matter to the code at hand. */
// oxlint-disable-next-line typescript/no-explicit-any -- hooks take their own variables and options; only any accepts all of them
export type AnyPolicy = Policy<any, any>

/** Host side of a hypercall: `pages` is a mask (0 = all), `cpus` the named vCPUs, `input` what else the guest said. */
export type HypercallHandler<S> = (
  host: HostCpu<S>,
  pages: number,
  cpus: readonly number[],
  input: HypercallInput,
) => Code<number | void>

export interface PolicyInvariant<S> {
  /** Kebab-case name. */
  readonly name: string
  /** One sentence: what must always hold. */
  readonly sentence: string
  /** True while it holds; `read` gives the value of a shared word. */
  holds(shared: S, read: (word: { at: number }) => number): boolean
}
