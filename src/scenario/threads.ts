/**
 * The threads of a world: each vCPU is a stack of coroutines, operation at the bottom, then interrupt handler, the one
 * that interrupts it, NMI handler, microcode of a RAR signal, host side of a hypercall, and entry or exit hook of the
 * host; what the machine has no feature for has no place. The innermost one moves. When it ends, what is beneath goes
 * on: at VM entry, at IRET, or with the next operation of the workload. Interrupts are not taken in an NMI handler.
 */
import { argA, argB, argC, opOf, type Coroutines } from '../engine/coroutine.ts'
import { RETURN, opTable } from '../engine/step.ts'
import { fail } from '../errors.ts'
import type { Kernel } from '../guest/kernel.ts'
import { HYPERCALL } from '../hypervisor/hypercall.ts'
import type { Host } from '../hypervisor/host.ts'
import { ACCESS, UNFINISHED, VIOLATES, accessOutcomes, givenUp, stepAccess } from '../machine/access.ts'
import type { MachineConfig } from '../machine/config.ts'
import { abortSpeculation, inInstruction } from '../machine/invalidate.ts'
import type { Machine } from '../machine/machine.ts'
import { CHOOSE, TRY_ALLOCATE } from '../machine/memory.ts'
import type { Judge } from './judge.ts'
import type { Programs } from './programs.ts'
import type { Role, Tracer } from './tracer.ts'
import * as T from './transition.ts'
import type { Walkers } from './walkers.ts'
import type { Operation, Workload } from './workload.ts'

const NONE = 0
const RIGHT = 1
/** To be done before anything else: a step that belongs to the one before it, or the end of a coroutine. */
const LEFT = 2

/** Place of interrupt handlers among the roles; that of a nested one is the next. */
const INTERRUPT = 1

/** Kinds of coroutine that a vCPU can have on its stack, the bottom first. */
const rolesOf = ({ nesting, nmis, rar }: MachineConfig): Role[] => [
  'operation',
  'interrupt',
  ...(nesting ? (['interrupt'] as const) : []),
  ...(nmis > 0 ? (['nmi'] as const) : []),
  ...(rar > 0 ? (['microcode'] as const) : []),
  'hypercall',
  'hook',
]

/** What threads need around them. */
export interface ThreadsAround {
  readonly machine: Machine
  readonly co: Coroutines
  readonly kernel: Kernel
  readonly host: Host
  readonly judge: Judge
  readonly walkers: Walkers
}

export class Threads {
  tracer: Tracer | undefined
  /** Called when a hypercall hands its result back to the control state that asked for it. */
  returned: ((vcpu: number, node: number, result: number) => void) | undefined
  private readonly around: ThreadsAround
  /** vCPUs, and behind them devices, whose threads are operations alone. */
  private readonly walkers: number
  /** Control states by role and walker: `frames + role * walkers + walker`. */
  private readonly frames: number
  private readonly roles: readonly Role[]
  /** Places among the roles; the two of NMIs and of microcode stand for what lies above where there is none. */
  private readonly nmi: number
  private readonly microcode: number
  private readonly inHypercall: number
  private readonly hooked: number
  /** First words of host sides of hypercalls, and of hooks of the host. */
  private readonly hypercalls: number
  private readonly hooks: number
  /** Per vCPU: how many operations it has done. */
  private readonly position: number
  private programs!: Programs
  /** Per vCPU: first control states of its operations. */
  private operations: number[][] = []
  /** By operation: 1 if it always has a single outcome. */
  private single = new Uint8Array(0)
  /** By operation: how it is grouped with its neighbours. */
  private readonly movers: Uint8Array

  /** Per vCPU: what its last operation returned; -1 where that is not kept. */
  private readonly results: number

  constructor(around: ThreadsAround, keepsResults: boolean) {
    this.around = around
    const { layout, walkers, config } = around.machine
    this.walkers = walkers
    this.roles = rolesOf(config)
    this.nmi = config.nesting ? 3 : 2
    this.microcode = this.nmi + (config.nmis > 0 ? 1 : 0)
    this.inHypercall = this.roles.indexOf('hypercall')
    this.hooked = this.roles.indexOf('hook')
    this.frames = layout.addControl('control', this.roles.length * walkers)
    this.position = layout.add('position', walkers, 15)
    this.results = keepsResults ? layout.add('result', walkers, 0x7fffffff) : -1
    // A coroutine ends with the step before its end, unless that is an IRET that waits for the store buffer.
    around.machine.installDrained(RETURN, () => 0)
    this.hypercalls = this.frames + this.inHypercall * walkers
    this.hooks = this.frames + this.hooked * walkers
    this.movers = Uint8Array.from(opTable(), (op) =>
      op === RETURN || op.mover === 'left' ? LEFT : op.mover === 'right' ? RIGHT : NONE,
    )
  }

  /** Gives the threads the code that they run. */
  equip(programs: Programs): void {
    this.programs = programs
    const { outcomes } = this.around.machine
    const several = new Set([CHOOSE.code, TRY_ALLOCATE.code, ACCESS.code])
    this.single = Uint8Array.from(opTable(), ({ code }) =>
      outcomes[code] === undefined && !several.has(code) ? 1 : 0,
    )
  }

  /** Puts every vCPU to the beginning of its part of a workload. */
  load(workload: Workload): void {
    const { S } = this.around.machine
    this.operations = Array.from({ length: this.walkers }, (_, v) =>
      this.programs.operations(v, workload[v] ?? []),
    )
    for (let v = 0; v < this.walkers; v++) {
      S[this.frames + v] = this.operations[v][0] ?? 0
      S[this.position + v] = 0
    }
  }

  /** Runs one operation on CPU `v` to its end, while nobody else moves. */
  runAlone(v: number, operation: Operation): void {
    this.finish(v, operation.op, this.programs.operations(v, [operation])[0])
  }

  /** Runs what the policy does when each CPU comes up, one CPU after the other, while nobody else moves. */
  boot(): void {
    for (let v = 0; v < this.around.machine.config.vcpus; v++) this.finish(v, 'boot', this.programs.boot(v))
  }

  private finish(v: number, what: string, root: number): void {
    this.load([])
    this.around.machine.alternative = 0
    this.around.machine.S[this.frames + v] = root
    this.settle(v)
    const { buffer } = this.around.machine
    for (let top = this.top(v); top >= 0; top = this.top(v)) {
      if (this.canStep(v, top)) this.step(v)
      else if (buffer.isEmpty(v)) throw fail.waitsAlone(what)
      else buffer.drain(v)
    }
    buffer.drainAll(v)
  }

  /** What the last operation of a vCPU returned. */
  resultOf(v: number): number {
    return this.around.machine.S[this.results + v]
  }

  /** True when all threads have ended, those of CPUs aside that stay offline. */
  ended(): boolean {
    for (let v = 0; v < this.walkers; v++)
      if (this.top(v) >= 0 && !this.around.machine.isOffline(v)) return false
    return true
  }

  /** Word of the innermost coroutine of a vCPU, or -1. */
  top(v: number): number {
    const { S } = this.around.machine
    const { frames, walkers } = this
    for (let at = this.hooks + v; at >= frames; at -= walkers) if (S[at] !== 0) return at
    return -1
  }

  /** The control state that a vCPU's next step comes from, or -1. */
  next(v: number): number {
    const top = this.top(v)
    return top < 0 ? -1 : this.around.machine.S[top]
  }

  /** True if the innermost coroutine is guest code. */
  inGuest(top: number): boolean {
    return top < this.hypercalls
  }

  /** True if the innermost coroutine is an entry or exit hook, which runs whether the vCPU is on a pCPU or not. */
  inHook(top: number): boolean {
    return top >= this.hooks
  }

  private roleOf(top: number): number {
    return Math.floor((top - this.frames) / this.walkers)
  }

  private roleAt(top: number): Role {
    return this.roles[this.roleOf(top)]
  }

  /**
   * The pending interrupts (one bit a vector) that a vCPU with IF=1 can take now: any between two instructions of an
   * operation; in a handler, those of other vectors, where handlers nest.
   */
  deliverable(v: number): number {
    const { machine } = this.around
    const { S, pending, events } = machine
    const top = this.top(v)
    const nests = events.inService >= 0
    if (top >= this.frames + (nests ? INTERRUPT + 1 : INTERRUPT) * this.walkers || inInstruction(machine, v))
      return 0
    // A spin loop that goes round has left the shadow behind.
    if (events.shadow >= 0 && S[events.shadow + v] !== 0 && top >= 0 && this.canStep(v, top)) return 0
    return nests && S[events.inService + v] > 0
      ? S[pending + v] & ~(1 << (S[events.inService + v] - 1))
      : S[pending + v]
  }

  /** True between two instructions of guest code that is no NMI handler. */
  takesNmi(v: number): boolean {
    return this.top(v) < this.frames + this.nmi * this.walkers && !inInstruction(this.around.machine, v)
  }

  /** What is pending that IF does not mask, and could be taken now: a bit for each of the details of SIGNAL. */
  signals(v: number): number {
    const { machine } = this.around
    const { S, events } = machine
    let bits = 0
    if (events.nmi >= 0 && S[events.nmi + v] !== 0 && this.takesNmi(v)) bits |= 1 << T.NMI
    if (events.signal >= 0 && S[events.signal + v] !== 0 && this.takesRar(v)) bits |= 1 << T.RAR
    return bits
  }

  /** True between two instructions of guest code, of an NMI handler even. */
  private takesRar(v: number): boolean {
    return this.top(v) < this.frames + this.microcode * this.walkers && !inInstruction(this.around.machine, v)
  }

  /** True if NMIs from outside would be noticed. */
  get handlesNmis(): boolean {
    return this.programs.handlesNmis
  }

  canStep(v: number, top: number): boolean {
    const { machine, co, walkers } = this.around
    const node = machine.S[top]
    const op = opOf(co.nodes, node)
    const guard = machine.guards[op]
    if (guard !== undefined && !guard(v, argA(co.nodes, node), argB(co.nodes, node), argC(co.nodes, node)))
      return false
    // An access waits where the step of its walk does.
    return op !== ACCESS.code || machine.S[machine.walk + v] === 0 || walkers.canStep(machine.walk + v, v)
  }

  /** Adds the transitions of a vCPU that can step: one for each outcome that its step can have. */
  addSteps(v: number, top: number, out: Int32Array, n: number): number {
    const count = this.outcomes(v, this.around.machine.S[top])
    for (let i = 0; i < count; i++) out[n + i] = T.transition(T.STEP, v, i)
    return n + count
  }

  /** How many outcomes the explorer can pick from for the step that `node` asks for. */
  private outcomes(v: number, node: number): number {
    const { co, machine } = this.around
    const op = opOf(co.nodes, node)
    if (this.single[op] === 1) return 1
    const many = machine.outcomes[op]
    if (many !== undefined) return many(v, argA(co.nodes, node), argB(co.nodes, node), argC(co.nodes, node))
    if (op === CHOOSE.code) return argA(co.nodes, node)
    if (op === ACCESS.code) return accessOutcomes(machine, co, v, node)
    return op === TRY_ALLOCATE.code ? 2 : 1
  }

  /** Does the next step of a vCPU, with the steps that are joined to it. */
  step(v: number): void {
    const { machine, co, judge, walkers } = this.around
    const { S, execute } = machine
    const { shadow } = machine.events
    const top = this.top(v)
    for (;;) {
      if (shadow >= 0) S[shadow + v] = 0
      const node = S[top]
      const op = opOf(co.nodes, node)
      if (op === HYPERCALL.code) return this.enterHost(v, top, node)
      if (op === RETURN.code) return this.endLate(v, top, node)
      const result =
        op === ACCESS.code
          ? stepAccess(machine, co, v, node, walkers.stepWalk)
          : execute[op](v, argA(co.nodes, node), argB(co.nodes, node), argC(co.nodes, node))
      if (result === UNFINISHED) return
      if (result === VIOLATES) return this.violate(v, top, node)
      this.tracer?.(v, node, result, this.roleAt(top))
      const next = co.next(node, result)
      S[top] = next
      if (this.movers[op] !== RIGHT || judge.violation !== undefined) {
        if (this.movers[opOf(co.nodes, next)] !== NONE) this.settle(v)
        return
      }
      if (opOf(co.nodes, next) === RETURN.code) return this.settle(v)
      if (!this.canStep(v, top) || this.outcomes(v, next) > 1) return
    }
  }

  /** Does the steps that belong to the transition before them, and ends coroutines that have nothing left. */
  settle(v: number): void {
    const { machine, co } = this.around
    const { S, execute } = machine
    for (let top = this.top(v); top >= 0; top = this.top(v)) {
      const node = S[top]
      const op = opOf(co.nodes, node)
      if (op === RETURN.code) {
        if (this.isHandler(top) && !machine.buffer.isEmpty(v)) return
        this.end(v, top, argA(co.nodes, node))
        continue
      }
      if (this.movers[op] !== LEFT || !this.canStep(v, top)) return
      const result = execute[op](v, argA(co.nodes, node), argB(co.nodes, node), argC(co.nodes, node))
      this.tracer?.(v, node, result, this.roleAt(top))
      S[top] = co.next(node, result)
    }
  }

  /** Gives the innermost coroutine of a vCPU a result for the step that it asks for, which is not done. */
  skip(v: number, result: number): void {
    const { machine, co } = this.around
    const top = this.top(v)
    machine.S[top] = co.next(machine.S[top], result)
    this.settle(v)
  }

  /** True for a coroutine that ends with an IRET. */
  private isHandler(top: number): boolean {
    const role = this.roleAt(top)
    return role === 'interrupt' || role === 'nmi'
  }

  /** The end of an interrupt handler that had to wait. */
  private endLate(v: number, top: number, node: number): void {
    this.tracer?.(v, node, 0, this.roleAt(top))
    this.settle(v)
  }

  /** A coroutine of a vCPU has returned `value`. */
  private end(v: number, top: number, value: number): void {
    const { machine, host, co } = this.around
    const { S } = machine
    S[top] = 0
    switch (this.roleAt(top)) {
      case 'operation': {
        if (v < machine.config.vcpus) {
          S[machine.held + v] = 0
          S[machine.dangling + v] = 0
        }
        if (this.results >= 0) S[this.results + v] = value
        const position = ++S[this.position + v]
        S[top] = this.operations[v][position] ?? 0
        return
      }
      case 'interrupt':
        if (machine.events.inService >= 0 && this.roleOf(top) === INTERRUPT)
          S[machine.events.inService + v] = 0
        return this.iret(v, 1)
      case 'nmi':
        return this.iret(v, S[machine.events.flagBelow + v])
      case 'microcode':
        return
      case 'hypercall': {
        const owed = host.leaveHost(v)
        if (!owed) host.enter(v)
        const caller = this.top(v)
        const node = S[caller]
        if (opOf(co.nodes, node) === HYPERCALL.code) {
          this.returned?.(v, node, value)
          S[caller] = co.next(node, value)
        } else if (value !== 0) S[caller] = co.next(node, givenUp(argB(co.nodes, node)))
        if (owed && !this.hook(v, 'onVcpuEntry')) host.enter(v)
        return
      }
      default:
        if (S[machine.on + v] !== 0) host.enter(v)
        else machine.buffer.drainAll(v)
    }
  }

  /** IRET gives back IF. It serializes, which matters little enough to be part of the features that are about handlers. */
  private iret(v: number, flag: number): void {
    const { machine, kernel } = this.around
    const { config, events } = machine
    machine.S[machine.interruptFlag + v] = flag
    if (config.nesting || events.nmi >= 0) abortSpeculation(machine, v)
    kernel.quiescent(v)
  }

  /** Takes an interrupt. */
  interrupt(v: number, vector: number): void {
    const { S, pending, interruptFlag, events } = this.around.machine
    S[pending + v] &= ~(1 << vector)
    S[interruptFlag + v] = 0
    this.wake(v)
    const nested = S[this.frames + INTERRUPT * this.walkers + v] !== 0
    if (events.inService >= 0 && !nested) S[events.inService + v] = vector + 1
    this.push(v, nested ? INTERRUPT + 1 : INTERRUPT, this.programs.handler(vector, v))
  }

  /** Takes an NMI. */
  takeNmi(v: number): void {
    const { S, interruptFlag, events } = this.around.machine
    S[events.flagBelow + v] = S[interruptFlag + v]
    S[interruptFlag + v] = 0
    this.wake(v)
    this.push(v, this.nmi, this.programs.nmi(v))
  }

  /** Takes a RAR signal. */
  takeRar(v: number): void {
    const { S, events } = this.around.machine
    S[events.signal + v] = 0
    this.push(v, this.microcode, this.programs.microcode())
  }

  /** An event is delivered: HLT is over, and so is the interrupt shadow. */
  private wake(v: number): void {
    const { S, events } = this.around.machine
    if (events.shadow < 0) return
    S[events.shadow + v] = 0
    S[events.halted + v] = 0
  }

  /** VM exit into the host side of a hypercall. */
  private enterHost(v: number, top: number, node: number): void {
    this.tracer?.(v, node, 0, this.roleAt(top))
    this.around.host.enterHost(v)
    this.push(v, this.inHypercall, this.programs.hostSide(v, node))
  }

  /** VM exit because of an EPT violation: into the policy's handler, or the access ends in it. */
  private violate(v: number, top: number, node: number): void {
    const { machine, host, co } = this.around
    const mode = argB(co.nodes, node)
    const root = this.programs.violation(v, machine.violated, mode)
    if (root !== 0) {
      host.enterHost(v)
      return this.push(v, this.inHypercall, root)
    }
    host.exit(v)
    host.enter(v)
    const result = givenUp(mode)
    this.tracer?.(v, node, result, this.roleAt(top))
    machine.S[top] = co.next(node, result)
    this.settle(v)
  }

  /** True while host code of the vCPU runs that can be preempted. */
  inHostCode(top: number): boolean {
    return !this.inGuest(top) && !this.inHook(top)
  }

  /** Runs the policy's hook of a VM entry or exit; false if it has none. */
  hook(v: number, name: 'onVcpuEntry' | 'onVcpuExit'): boolean {
    const root = this.programs.hook(v, name)
    if (root !== 0) this.push(v, this.hooked, root)
    return root !== 0
  }

  /** Begins an operation that is in no workload, on a device that has nothing to do. */
  begin(v: number, root: number): void {
    this.push(v, 0, root)
  }

  /** Begins a coroutine on top of what the vCPU was doing. */
  private push(v: number, role: number, root: number): void {
    this.around.machine.S[this.frames + role * this.walkers + v] = root
    this.settle(v)
  }
}
