/**
 * The threads of a world: each vCPU is a stack of coroutines, operation at the bottom, then interrupt handler, host
 * side of a hypercall, and entry or exit hook of the host. The innermost one moves. When it ends, what is beneath goes
 * on: at VM entry, at IRET, or with the next operation of the workload.
 */
import { argA, argB, argC, opOf, type Coroutines } from '../engine/coroutine.ts'
import { RETURN, opTable } from '../engine/step.ts'
import { fail } from '../errors.ts'
import type { Kernel } from '../guest/kernel.ts'
import { HYPERCALL } from '../hypervisor/hypercall.ts'
import type { Host } from '../hypervisor/host.ts'
import { ACCESS, UNFINISHED, VIOLATES, accessOutcomes, givenUp, stepAccess } from '../machine/access.ts'
import { inInstruction } from '../machine/invalidate.ts'
import type { Machine } from '../machine/machine.ts'
import { CHOOSE, TRY_ALLOCATE } from '../machine/memory.ts'
import type { Judge } from './judge.ts'
import type { Programs } from './programs.ts'
import type { Role, Tracer } from './tracer.ts'
import * as T from './transition.ts'
import type { Walkers } from './walkers.ts'
import type { Operation, Workload } from './workload.ts'

const ROLES: readonly Role[] = ['operation', 'interrupt', 'hypercall', 'hook']
const NONE = 0
const RIGHT = 1
/** To be done before anything else: a step that belongs to the one before it, or the end of a coroutine. */
const LEFT = 2

const OPERATION = 0
const INTERRUPT = 1
const IN_HYPERCALL = 2
const IN_HOOK = 3

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
  private readonly around: ThreadsAround
  /** vCPUs, and behind them devices, whose threads are operations alone. */
  private readonly walkers: number
  /** Control states by role and walker: `frames + role * walkers + walker`. */
  private readonly frames: number
  /** Per vCPU: how many operations it has done. */
  private readonly position: number
  private programs!: Programs
  /** Per vCPU: first control states of its operations. */
  private operations: number[][] = []
  /** By operation: how it is grouped with its neighbours. */
  private readonly movers: Uint8Array

  /** Per vCPU: what its last operation returned; -1 where that is not kept. */
  private readonly results: number

  constructor(around: ThreadsAround, keepsResults: boolean) {
    this.around = around
    const { layout, walkers } = around.machine
    this.walkers = walkers
    this.frames = layout.addControl('control', 4 * walkers)
    this.position = layout.add('position', walkers, 15)
    this.results = keepsResults ? layout.add('result', walkers, 0x7fffffff) : -1
    // A coroutine ends with the step before its end, unless that is an IRET that waits for the store buffer.
    around.machine.install(RETURN, () => 0, undefined, 'drained')
    this.movers = Uint8Array.from(opTable(), (op) =>
      op === RETURN || op.mover === 'left' ? LEFT : op.mover === 'right' ? RIGHT : NONE,
    )
  }

  /** Gives the threads the code that they run. */
  equip(programs: Programs): void {
    this.programs = programs
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

  /** True when all threads have ended. */
  ended(): boolean {
    for (let v = 0; v < this.walkers; v++) if (this.top(v) >= 0) return false
    return true
  }

  /** Word of the innermost coroutine of a vCPU, or -1. */
  top(v: number): number {
    const { S } = this.around.machine
    for (let at = this.frames + IN_HOOK * this.walkers + v; at >= this.frames; at -= this.walkers)
      if (S[at] !== 0) return at
    return -1
  }

  /** The control state that a vCPU's next step comes from, or -1. */
  next(v: number): number {
    const top = this.top(v)
    return top < 0 ? -1 : this.around.machine.S[top]
  }

  /** True if the innermost coroutine is guest code. */
  inGuest(top: number): boolean {
    return top < this.frames + IN_HYPERCALL * this.walkers
  }

  /** True if the innermost coroutine is an entry or exit hook, which runs whether the vCPU is on a pCPU or not. */
  inHook(top: number): boolean {
    return top >= this.frames + IN_HOOK * this.walkers
  }

  private roleOf(top: number): number {
    return Math.floor((top - this.frames) / this.walkers)
  }

  /** True between two instructions of guest code; handlers do not nest. */
  takesInterrupts(v: number): boolean {
    const { machine } = this.around
    return this.top(v) < this.frames + INTERRUPT * this.walkers && !inInstruction(machine, v)
  }

  canStep(v: number, top: number): boolean {
    const { machine, co, walkers } = this.around
    const node = machine.S[top]
    const op = opOf(co.nodes, node)
    if (op === ACCESS.code && machine.S[machine.walk + v] !== 0 && !walkers.canStep(machine.walk + v, v))
      return false
    const guard = machine.guards[op]
    return guard === undefined || guard(v, argA(co.nodes, node), argB(co.nodes, node), argC(co.nodes, node))
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
    const top = this.top(v)
    for (;;) {
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
      if (this.tracer !== undefined) this.tracer(v, node, result, ROLES[this.roleOf(top)])
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
        if (this.roleOf(top) === INTERRUPT && !machine.buffer.isEmpty(v)) return
        this.end(v, top, argA(co.nodes, node))
        continue
      }
      if (this.movers[op] !== LEFT || !this.canStep(v, top)) return
      const result = execute[op](v, argA(co.nodes, node), argB(co.nodes, node), argC(co.nodes, node))
      if (this.tracer !== undefined) this.tracer(v, node, result, ROLES[this.roleOf(top)])
      S[top] = co.next(node, result)
    }
  }

  /** The end of an interrupt handler that had to wait. */
  private endLate(v: number, top: number, node: number): void {
    if (this.tracer !== undefined) this.tracer(v, node, 0, ROLES[this.roleOf(top)])
    this.settle(v)
  }

  /** A coroutine of a vCPU has returned `value`. */
  private end(v: number, top: number, value: number): void {
    const { machine, host, kernel, co } = this.around
    const { S } = machine
    S[top] = 0
    switch (this.roleOf(top)) {
      case OPERATION: {
        if (v < machine.config.vcpus) {
          S[machine.held + v] = 0
          S[machine.dangling + v] = 0
        }
        if (this.results >= 0) S[this.results + v] = value
        const position = ++S[this.position + v]
        S[top] = this.operations[v][position] ?? 0
        return
      }
      case INTERRUPT:
        S[machine.interruptFlag + v] = 1
        kernel.quiescent(v)
        return
      case IN_HYPERCALL: {
        const owed = host.leaveHost(v)
        if (!owed) host.enter(v)
        const caller = this.top(v)
        const node = S[caller]
        if (opOf(co.nodes, node) === HYPERCALL.code) S[caller] = co.next(node, value)
        else if (value !== 0) S[caller] = co.next(node, givenUp(argB(co.nodes, node)))
        if (owed && !this.hook(v, 'onVcpuEntry')) host.enter(v)
        return
      }
      default:
        if (S[machine.on + v] !== 0) host.enter(v)
        else machine.buffer.drainAll(v)
    }
  }

  /** Takes an interrupt. */
  interrupt(v: number, vector: number): void {
    const { machine } = this.around
    machine.S[machine.pending + v] &= ~(1 << vector)
    machine.S[machine.interruptFlag + v] = 0
    this.push(v, INTERRUPT, this.programs.handler(vector, v))
  }

  /** VM exit into the host side of a hypercall. */
  private enterHost(v: number, top: number, node: number): void {
    if (this.tracer !== undefined) this.tracer(v, node, 0, ROLES[this.roleOf(top)])
    this.around.host.enterHost(v)
    this.push(v, IN_HYPERCALL, this.programs.hostSide(v, node))
  }

  /** VM exit because of an EPT violation: into the policy's handler, or the access ends in it. */
  private violate(v: number, top: number, node: number): void {
    const { machine, host, co } = this.around
    const mode = argB(co.nodes, node)
    const root = this.programs.violation(v, machine.violated, mode)
    if (root !== 0) {
      host.enterHost(v)
      return this.push(v, IN_HYPERCALL, root)
    }
    host.exit(v)
    host.enter(v)
    const result = givenUp(mode)
    if (this.tracer !== undefined) this.tracer(v, node, result, ROLES[this.roleOf(top)])
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
    if (root !== 0) this.push(v, IN_HOOK, root)
    return root !== 0
  }

  /** Begins an operation that is in no workload, on a device that has nothing to do. */
  begin(v: number, root: number): void {
    this.push(v, OPERATION, root)
  }

  /** Begins a coroutine on top of what the vCPU was doing. */
  private push(v: number, role: number, root: number): void {
    this.around.machine.S[this.frames + role * this.walkers + v] = root
    this.settle(v)
  }
}
