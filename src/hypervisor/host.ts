/**
 * What host code can do: flush the translations of a vCPU, ask for a flush at its next entry, find out where it runs,
 * and kick it out of guest mode with a host IPI, which interrupts a guest whatever its IF says. Host code runs on the
 * pCPU of the vCPU that called it, with no guest instruction in flight there, and has that pCPU's store buffer to itself:
 * VM exits and entries are serializing.
 */
import { fail } from '../errors.ts'
import { defineOp, perform, type Code } from '../engine/step.ts'
import { abortInstruction, dropContext, dropPagesOfContext } from '../machine/invalidate.ts'
import type { Execute, Machine } from '../machine/machine.ts'
import { resultsOf } from '../machine/word.ts'
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

/** Host state of a machine. */
export class Host {
  /** Per vCPU: flush before the next entry. */
  readonly flushAtEntry: number
  /** Per vCPU: a kick is pending. */
  readonly kicked: number
  /** Preemptions used of the budget. */
  readonly preemptions: number
  /** Per vCPU: pCPU + 1 that it ran on last. */
  readonly last: number

  private readonly m: Machine

  constructor(m: Machine) {
    this.m = m
    const { vcpus, pcpus, preemptions } = m.config
    this.flushAtEntry = m.layout.add('flush at entry', vcpus, 1)
    this.kicked = m.layout.add('kick pending', vcpus, 1)
    this.preemptions = m.layout.add('preemptions', 1, preemptions)
    this.last = m.layout.add('last pCPU', m.config.migration ? vcpus : 0, pcpus)
    const flush: Execute = (_v, target, mask) => {
      m.buffer.drainAll(target)
      if (m.S[m.on + target] === 0) m.hooks.witness('target-preempted')
      const end = m.contexts - m.config.devices
      for (let context = target; context < end; context += vcpus) {
        if (mask === 0) dropContext(m, context)
        else dropPagesOfContext(m, context, mask)
      }
      abortInstruction(m, target)
      return 0
    }
    m.install(FLUSH_VCPU, flush, undefined, 'drained')
    const flag: Execute = (_v, target) => {
      if (m.S[m.on + target] === 0) m.hooks.witness('target-preempted')
      m.S[this.flushAtEntry + target] = 1
      return 0
    }
    m.install(FLUSH_AT_ENTRY, flag, undefined, 'drained')
    m.install(IS_RUNNING, (_v, target) => (m.S[m.on + target] === 0 ? 0 : 1))
    const kick: Execute = (_v, target) => {
      if (m.S[m.on + target] !== 0) m.S[this.kicked + target] = 1
      return 0
    }
    m.install(KICK, kick, undefined, m.config.x2apic ? undefined : 'drained')
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
    if (m.S[this.flushAtEntry + vcpu] === 0) return
    m.S[this.flushAtEntry + vcpu] = 0
    dropContext(m, m.context(vcpu))
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
   * (vmx_vcpu_load_vmcs) and Xen (hvm_asid_flush_vcpu) do.
   */
  schedule(vcpu: number, pcpu: number): void {
    const { m } = this
    m.S[m.on + vcpu] = pcpu + 1
    if (m.config.migration && m.S[this.last + vcpu] !== pcpu + 1) dropContext(m, m.context(vcpu))
    this.enter(vcpu)
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

  constructor(vcpu: number, vcpus: number, shared: Shared) {
    this.vcpu = vcpu
    this.vcpus = vcpus
    this.shared = shared
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
