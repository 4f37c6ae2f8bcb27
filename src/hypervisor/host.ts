/**
 * What host code can do: flush the translations of a vCPU, ask for a flush at its next entry, find out where it runs,
 * and kick it out of guest mode with a host IPI, which interrupts a guest whatever its IF says. Host code runs on the
 * pCPU of the vCPU that called it, with no guest instruction in flight there, and has that pCPU's store buffer to itself:
 * VM exits and entries are serializing.
 */
import { fail } from '../errors.ts'
import { defineOp, perform, type Code } from '../engine/step.ts'
import type { MachineConfig } from '../machine/config.ts'
import type { Geometry } from '../machine/geometry.ts'
import { abortInstruction, dropContext, dropPagesOfContext } from '../machine/invalidate.ts'
import type { Machine } from '../machine/machine.ts'
import { need } from '../machine/operands.ts'
import { resultsOf } from '../machine/word.ts'
import { Vmx } from '../machine/vmx.ts'
import { dropEpt, dropGuestPhysical } from '../machine/vmx-invalidate.ts'
import { CONTROLS, FLUSH_ASID_BUT_GLOBAL, FLUSH_NOTHING, FLUSH_TAG, obey } from './tlb-control.ts'
import { AT_BOUNDARY, Emulator, forgetTranslation } from './emulator.ts'
import { CHOOSE, MAX_CHOICES, LOAD, STORE, UNTIL, XCHG, CMPXCHG } from '../machine/memory.ts'

/** Removes the translations of the pages in mask `b` (0: all) that vCPU `a` holds; its instruction starts anew. */
const FLUSH_VCPU = defineOp(
  'flush vCPU',
  1,
  (a, b, _c, n) => `flush vCPU${a}: ${b === 0 ? 'all' : n.pages(b)}`,
)
/** vCPU `a` flushes everything before it next enters guest mode. */
const FLUSH_AT_ENTRY = defineOp('flag vCPU', 1, (a) => `flag vCPU${a}: flush at next entry`)
/** 1 if vCPU `a` is on a pCPU. */
const IS_RUNNING = defineOp(
  'is running',
  2,
  (a, _b, _c, _n, r) =>
    `vCPU${a} ${r === undefined ? 'running?' : r === 1 ? 'is running' : 'is not running'}`,
)
/** Sends a host IPI to the pCPU of vCPU `a`, if it runs: a VM exit follows. */
const KICK = defineOp('kick vCPU', 1, (a) => `kick vCPU${a} out of guest mode`)
/** Waits until the kicks to the vCPUs in mask `a` were taken. */
const KICKED = defineOp('wait for kicks', 1, (a, _b, _c, n) => `wait for exit of ${n.cpus(a)}`)

/** vCPU `a` executes INVEPT for its EPT before it next enters guest mode. */
const INVEPT_AT_ENTRY = defineOp('flag vCPU for INVEPT', 1, (a) => `flag vCPU${a}: INVEPT at next entry`)
/** vCPU `a` obeys `b` at its next VM entry: a value of TLB_CONTROL. */
const TLB_CONTROL = defineOp('TLB_CONTROL', 1, (a, b) => `TLB_CONTROL of vCPU${a} = ${b}`)
/** The pCPU that the vCPU is on, plus 1; 0 for none. */
const PCPU = defineOp('which pCPU', 0, (_a, _b, _c, _n, r) =>
  r === undefined ? 'which pCPU?' : r === 0 ? 'on no pCPU' : `on pCPU${r - 1}`,
)
/** Where a vCPU is: in its guest, in host code, or in host code with an entry hook to be run when that ends. */
const GUEST = 0
const HOST = 1
const OWED = 2

/** Host state of a machine. */
export class Host {
  /** Per vCPU: flush before the next entry. */
  readonly flushAtEntry: number
  /** Per vCPU: INVEPT before the next entry; only with EPT. */
  readonly inveptAtEntry: number
  /** Per vCPU: a kick is pending. */
  readonly kicked: number
  /** Preemptions used of the budget. */
  readonly preemptions: number
  /** Per vCPU: pCPU + 1 that it ran on last. */
  readonly last: number
  /** Per vCPU: GUEST, HOST or OWED; only where host code can be preempted. */
  readonly inHost: number

  private readonly m: Machine

  constructor(m: Machine) {
    this.m = m
    const { vcpus, pcpus, preemptions } = m.config
    this.flushAtEntry = m.layout.add('flush at entry', vcpus, m.config.vpids > 0 ? FLUSH_ASID_BUT_GLOBAL : 1)
    this.inveptAtEntry = m.layout.add('INVEPT at entry', m.config.ept > 0 ? vcpus : 0, 1)
    this.kicked = m.layout.add('kick pending', vcpus, 1)
    this.preemptions = m.layout.add('preemptions', 1, preemptions)
    this.last = m.layout.add('last pCPU', m.config.migration ? vcpus : 0, pcpus)
    this.inHost = m.layout.add('in host code', m.config.emulation ? vcpus : 0, OWED)
    m.install(TLB_CONTROL, (_v, target, control) => {
      m.S[this.flushAtEntry + target] = control
      return 0
    })
    m.installDrained(INVEPT_AT_ENTRY, (_v, target) => {
      m.witnessTarget(target)
      m.S[this.inveptAtEntry + target] = 1
      return 0
    })
    m.install(PCPU, (v) => m.whereabouts(v))
    m.install(AT_BOUNDARY, (v) => (m.S[this.inHost + v] === GUEST ? 1 : 0))
    m.installDrained(FLUSH_VCPU, (_v, target, mask) => {
      m.buffer.drainAll(target)
      m.witnessTarget(target)
      const end = m.contexts - m.config.devices
      for (let context = m.vpidOf(target); context < end; context += m.vpids) {
        if (mask === 0) dropContext(m, context)
        else dropPagesOfContext(m, context, mask)
      }
      abortInstruction(m, target)
      return 0
    })
    m.installDrained(FLUSH_AT_ENTRY, (_v, target) => {
      m.witnessTarget(target)
      m.S[this.flushAtEntry + target] = FLUSH_TAG
      return 0
    })
    m.install(IS_RUNNING, (_v, target) => (m.whereabouts(target) === 0 ? 0 : 1))
    m.installSend(KICK, (_v, target) => {
      if (m.whereabouts(target) !== 0) m.S[this.kicked + target] = 1
      return 0
    })
    m.install(
      KICKED,
      () => 0,
      (_v, mask) => {
        for (let v = 0; v < vcpus; v++) if (mask & (1 << v) && m.S[this.kicked + v] !== 0) return false
        return true
      },
    )
  }

  /** VM exit of a vCPU: its instruction in flight is discarded, and a kick has done its work. */
  exit(vcpu: number): void {
    const { m } = this
    m.buffer.drainAll(vcpu)
    abortInstruction(m, vcpu)
    m.S[this.kicked + vcpu] = 0
    if (!m.config.vpid && m.S[m.on + vcpu] !== 0) dropContext(m, m.context(vcpu))
  }

  /** VM entry of a vCPU that is on a pCPU: a flush asked for meanwhile is done first. */
  enter(vcpu: number): void {
    const { m } = this
    m.buffer.drainAll(vcpu)
    if (m.eptp >= 0 && m.S[this.inveptAtEntry + vcpu] !== 0) {
      m.S[this.inveptAtEntry + vcpu] = 0
      dropEpt(m, m.S[m.on + vcpu] - 1, m.view(vcpu))
      abortInstruction(m, vcpu)
    }
    const control = m.S[this.flushAtEntry + vcpu]
    if (control === FLUSH_NOTHING) return
    m.S[this.flushAtEntry + vcpu] = FLUSH_NOTHING
    obey(m, vcpu, control)
    abortInstruction(m, vcpu)
  }

  /** Takes a vCPU off its pCPU. */
  preempt(vcpu: number): void {
    const { m } = this
    this.exit(vcpu)
    if (m.config.migration) m.S[this.last + vcpu] = m.S[m.on + vcpu]
    m.S[m.on + vcpu] = 0
  }

  /**
   * Puts a vCPU on a pCPU. One that comes from another pCPU finds its old translations there dropped, as KVM
   * (vmx_vcpu_load_vmcs) and Xen (hvm_asid_flush_vcpu) do, unless `keepOnMigration` leaves that to the policy's hook.
   * False if the entry has to wait for host code that was preempted.
   */
  schedule(vcpu: number, pcpu: number): boolean {
    const { m } = this
    m.S[m.on + vcpu] = pcpu + 1
    const { migration, keepOnMigration } = m.config
    if (migration && !keepOnMigration && m.S[this.last + vcpu] !== pcpu + 1) {
      dropContext(m, m.context(vcpu))
      dropGuestPhysical(m, pcpu, m.view(vcpu))
    }
    if (m.config.emulation && m.S[this.inHost + vcpu] !== GUEST) {
      m.S[this.inHost + vcpu] = OWED
      return false
    }
    this.enter(vcpu)
    return true
  }

  /** Host code of a vCPU begins. */
  enterHost(vcpu: number): void {
    this.exit(vcpu)
    if (this.m.config.emulation) this.m.S[this.inHost + vcpu] = HOST
  }

  /** Host code of a vCPU has ended; true if the entry hook is still to be run before it enters the guest. */
  leaveHost(vcpu: number): boolean {
    const { m } = this
    if (!m.config.emulation) return false
    const owed = m.S[this.inHost + vcpu] === OWED
    m.S[this.inHost + vcpu] = GUEST
    forgetTranslation(m, vcpu)
    return owed
  }
}

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
  /** Emulation of instructions of this vCPU's guest. */
  readonly emulator: Emulator
  private readonly config: MachineConfig

  constructor(vcpu: number, geometry: Geometry, shared: Shared) {
    this.vcpu = vcpu
    this.vcpus = geometry.config.vcpus
    this.shared = shared
    this.vmx = new Vmx(geometry)
    this.emulator = new Emulator(geometry)
    this.config = geometry.config
  }

  /** Removes the translations that a vCPU holds: those of a mask of pages, or all. Its current instruction restarts. */
  *flushVcpu(vcpu: number, pages = 0): Code {
    this.check('flushVcpu', vcpu)
    yield* perform(FLUSH_VCPU, vcpu, pages)
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
    const control = CONTROLS[value]
    if (control === undefined) throw fail.badConfig('TLB_CONTROL', value, '0, 1, 3 or 7')
    yield* perform(TLB_CONTROL, this.vcpu, control)
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
