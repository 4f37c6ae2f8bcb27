/** What an experiment is asked with: programs, variables, features of the machine. */
import type { Code } from '../engine/step.ts'
import type { Cpu } from '../guest/cpu.ts'
import type { KernelFeatures } from '../guest/surroundings.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import type { HostCpu } from '../hypervisor/host-cpu.ts'
import type { HypercallInput } from '../hypervisor/hypercall.ts'
import type { MachineConfig } from '../machine/config.ts'
import type { SharedDeclaration, Word } from '../machine/word.ts'
import type { Device } from '../machine/device.ts'
import type { X86 } from '../machine/x86.ts'
import type { World } from '../scenario/world.ts'
import type { Result } from './lists.ts'

/** Variables of an experiment by name: one word each, or one a CPU, as they were declared. */
export type Words<D> = {
  readonly [K in keyof D]: D[K] extends { kind: 'per-cpu' } ? readonly Word[] : Word
}

/**
 * The program of a CPU: its bare instructions, the variables, and the kernel's handle for experiments that need one.
 * What it returns is its part of the outcome: one number where it returns nothing or one, several in their order
 * where it returns a list.
 */
export type Program<D> = (cpu: X86, words: Words<D>, kernel: Cpu) => Code<Result>

/** The host side of a hypercall: a mask of pages (0: all), the vCPUs that the guest named, its flags and space. */
export type HostProgram<D> = (
  host: HostCpu,
  pages: number,
  cpus: readonly number[],
  input: HypercallInput,
  words: Words<D>,
) => Code<number | void>

/** The program of a device. */
export type DeviceProgram<D> = (device: Device, words: Words<D>) => Code<number | void>

export interface ExperimentOptions<D extends Record<string, SharedDeclaration>> {
  /** The machine's features; `vcpus` is the number of programs, and one more where an idle CPU is wanted. */
  readonly machine?: Partial<MachineConfig>
  /** Variables in memory: `{ x: variable() }`. */
  readonly words?: D
  /**
   * Runs alone before all else, on CPU 0: what it stores is there, what it reads is cached. A list holds the setup of
   * each CPU, which run one after the other.
   */
  readonly setup?: Program<D> | readonly Program<D>[]
  /** One program a CPU. */
  readonly cpus: readonly Program<D>[]
  /** One program a device; what they return follows what the CPUs return. */
  readonly devices?: readonly DeviceProgram<D>[]
  /** Handlers by vector name, run with IF=0; `cpu.sendIpi` of the kernel's handle sends them. */
  readonly interrupts?: Readonly<Record<string, Program<D>>>
  /** Handler of NMIs; runs whatever IF says. */
  readonly nmi?: Program<D>
  /**
   * Host code by the name that `kernel.hypercall` of a program calls it by. There are those of the policy beside it, or
   * without a policy `HvFlushVirtualAddressList`, `HvFlushVirtualAddressSpace` and `XenFlushTlb`.
   */
  readonly hypercalls?: Readonly<Record<string, HostProgram<D>>>
  /** Host code for an EPT violation: the access is tried again, or ends in it where this returns a number other than 0. */
  readonly onEptViolation?: (
    host: HostCpu,
    frame: number,
    kind: 'read' | 'write' | 'fetch',
    words: Words<D>,
  ) => Code<number | void>
  /** Adds to the outcome what memory holds in the end. */
  readonly observe?: (read: (word: Word) => number, words: Words<D>) => readonly number[]
  /** The flush policy under which the kernel's handle works. Default: one that flushes nobody. */
  readonly policy?: AnyPolicy
  readonly features?: Partial<KernelFeatures>
  /** Give up with a clear sentence beyond so many states. Default 20 million. */
  readonly maxStates?: number
  /**
   * Breaks a rule of the hardware before anything runs: replaces what an operation of `world.machine` does, withholds a
   * transition. For testing that an experiment can fail; what comes of it says nothing about any processor.
   */
  readonly breakage?: Breakage | undefined
}

/** Changes a world so that it breaks a rule. */
export type Breakage = (world: World) => void
