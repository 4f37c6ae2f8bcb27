/**
 * What host code can do: flush the translations of a vCPU, ask for a flush at its next entry, find out where it runs,
 * and kick it out of guest mode with a host IPI, which interrupts a guest whatever its IF says. Host code runs on the
 * pCPU of the vCPU that called it, with no guest instruction in flight there, and has that pCPU's store buffer to itself.
 */
import { fail } from '../errors.ts'
import { perform, type Code } from '../engine/step.ts'
import type { MachineConfig } from '../machine/config.ts'
import type { Geometry } from '../machine/geometry.ts'
import { need, refuseSvm } from '../machine/operands.ts'
import { resultsOf } from '../machine/word.ts'
import { Svm } from '../machine/svm.ts'
import { controlOf } from '../machine/tlb-control.ts'
import { Vmx } from '../machine/vmx.ts'
import { Emulator } from './emulator.ts'
import { encodeScope, type FlushScope } from './flush-scope.ts'
import { CHOOSE, MAX_CHOICES, LOAD, STORE, UNTIL, XCHG, CMPXCHG } from '../machine/memory.ts'
import {
  FLUSH_VCPU,
  FLUSH_AT_ENTRY,
  IS_RUNNING,
  KICK,
  KICKED,
  INVEPT_AT_ENTRY,
  TLB_CONTROL,
  PCPU,
} from './host-ops.ts'

/** A handle whose policy's variables do not matter to the code at hand. */
// oxlint-disable-next-line typescript/no-explicit-any -- hooks take handles of their own kind; only any fits all of them
export type AnyHostCpu = HostCpu<any>

/** The handle that host code of a policy (hypercalls, entry and exit hooks) is written with. */
export class HostCpu<Shared = unknown> {
  /** The vCPU that called, or that is entered or left. */
  readonly vcpu: number
  /** Number of vCPUs. */
  readonly vcpus: number
  /** The policy's shared variables. */
  readonly shared: Shared
  /** Instructions of VMX root operation, on the pCPU of this vCPU. */
  readonly vmx: Vmx
  /** Instructions of AMD's SVM, on the same pCPU. */
  readonly svm: Svm
  /** Emulation of instructions of this vCPU's guest. */
  readonly emulator: Emulator
  private readonly config: MachineConfig

  constructor(vcpu: number, geometry: Geometry, shared: Shared) {
    this.vcpu = vcpu
    this.vcpus = geometry.config.vcpus
    this.shared = shared
    this.vmx = new Vmx(geometry)
    this.svm = new Svm(geometry.config)
    this.emulator = new Emulator(geometry)
    this.config = geometry.config
  }

  /**
   * Removes the translations that a vCPU holds: those of a mask of pages, or all; of one address space or all; global
   * ones too, unless they are to be kept. Its current instruction restarts.
   */
  *flushVcpu(vcpu: number, pages = 0, scope: FlushScope = {}): Code {
    this.check('flushVcpu', vcpu)
    const { spaces } = this.config
    if (scope.space !== undefined && !(scope.space >= 0 && scope.space < spaces))
      throw fail.badConfig('space of flushVcpu', scope.space, `0 to ${spaces - 1}`)
    yield* perform(FLUSH_VCPU, vcpu, pages, encodeScope(scope))
  }

  /** The vCPU flushes everything before its next VM entry; it must be out of guest mode or be kicked for that to happen. */
  *flushAtEntry(vcpu: number): Code {
    this.check('flushAtEntry', vcpu)
    yield* perform(FLUSH_AT_ENTRY, vcpu)
  }

  /**
   * The vCPU executes INVEPT for the EPT it runs on before its next VM entry, which a kick makes happen: KVM's
   * KVM_REQ_TLB_FLUSH.
   */
  *inveptAtEntry(vcpu: number): Code {
    need('INVEPT', this.config.ept > 0, 'ept')
    refuseSvm(this.config, 'INVEPT')
    this.check('inveptAtEntry', vcpu)
    yield* perform(INVEPT_AT_ENTRY, vcpu)
  }

  /** Whether the vCPU is on a pCPU now. */
  *isRunning(vcpu: number): Code<boolean> {
    this.check('isRunning', vcpu)
    return (yield* perform(IS_RUNNING, vcpu)) === 1
  }

  /** Sends a host IPI to the vCPU's pCPU: it leaves guest mode, even with IF=0, and enters again. Does not wait. */
  *kick(vcpu: number): Code {
    this.check('kick', vcpu)
    yield* perform(KICK, vcpu)
  }

  /** Waits until the kicked vCPUs have left guest mode. */
  *waitForKicks(vcpus: readonly number[]): Code {
    yield* perform(
      KICKED,
      vcpus.reduce((mask, v) => mask | (1 << v), 0),
    )
  }

  /** The pCPU that this vCPU is on, or -1. */
  *pcpu(): Code<number> {
    return (yield* perform(PCPU)) - 1
  }

  /**
   * TLB_CONTROL of this vCPU's VMCB (AMD APM vol. 2, "TLB Flush"): at the next VM entry flush nothing (0), all ASIDs (1),
   * this ASID (3), or its translations that are not global (7).
   */
  *tlbControl(value: number): Code {
    need('TLB_CONTROL', this.config.vpids > 0, 'vpids')
    yield* perform(TLB_CONTROL, this.vcpu, controlOf(value))
  }

  private check(method: string, vcpu: number): void {
    if (!(vcpu >= 0 && vcpu < this.vcpus))
      throw fail.badConfig(`vCPU of ${method}`, vcpu, `a CPU from 0 to ${this.vcpus - 1}`)
  }

  *load(word: { at: number; max: number }): Code<number> {
    return yield* perform(LOAD, word.at, 0, 0, resultsOf(word))
  }

  *store(word: { at: number }, value: number): Code {
    yield* perform(STORE, word.at, value)
  }

  *xchg(word: { at: number; max: number }, value: number): Code<number> {
    return yield* perform(XCHG, word.at, value, 0, resultsOf(word))
  }

  *cmpxchg(word: { at: number; max: number }, from: number, to: number): Code<number> {
    return yield* perform(CMPXCHG, word.at, from, to, resultsOf(word))
  }

  /** Waits until a word holds a value. */
  *until(word: { at: number }, value: number): Code {
    yield* perform(UNTIL, word.at, -1, value)
  }

  /** One of 0 .. n-1, chosen by the explorer. */
  *choose(n: number): Code<number> {
    if (!Number.isInteger(n) || n < 1 || n > MAX_CHOICES)
      throw fail.badConfig('choose(n)', n, `1 to ${MAX_CHOICES}`)
    return yield* perform(CHOOSE, n, 0, 0, n)
  }
}
