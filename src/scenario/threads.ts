/**
 * The threads of a world: each vCPU runs what is innermost on its stack. When that ends, what is beneath goes on: at VM
 * entry, at IRET, or with the next operation of the workload. Steps that belong together are taken in one.
 */
import { argA, argB, argC, opOf, type Coroutines } from '../engine/coroutine.ts'
import { RETURN } from '../engine/step.ts'
import { HYPERCALL } from '../hypervisor/hypercall.ts'
import type { Host } from '../hypervisor/host.ts'
import { ACCESS, stepAccess } from '../machine/access.ts'
import { UNFINISHED, VIOLATES, givenUp } from '../machine/access-result.ts'
import type { Machine } from '../machine/machine.ts'
import type { Interrupts } from './interrupts.ts'
import type { Judge } from './judge.ts'
import { LEFT, RIGHT, SPECIAL, type NextSteps } from './next-steps.ts'
import type { Programs } from './programs.ts'
import { OPERATION, type Stacks } from './stacks.ts'
import type { Tasks } from './tasks.ts'
import type { Tracer } from './tracer.ts'
import type { VmExits } from './vm-exits.ts'
import type { Walkers } from './walkers.ts'
import type { Workload } from './workload.ts'

/** What threads need around them. */
export interface ThreadsAround {
  readonly machine: Machine
  readonly co: Coroutines
  readonly host: Host
  readonly judge: Judge
  readonly walkers: Walkers
  readonly stacks: Stacks
  readonly nextSteps: NextSteps
  readonly interrupts: Interrupts
  readonly exits: VmExits
  readonly tasks: Tasks
  readonly programs: Programs
}

export class Threads {
  tracer: Tracer | undefined
  private readonly machine: Machine
  private readonly co: Coroutines
  private readonly host: Host
  private readonly judge: Judge
  private readonly walkers: Walkers
  private readonly stacks: Stacks
  private readonly nextSteps: NextSteps
  private readonly interrupts: Interrupts
  private readonly exits: VmExits
  private readonly tasks: Tasks
  private readonly programs: Programs

  constructor(around: ThreadsAround) {
    this.machine = around.machine
    this.co = around.co
    this.host = around.host
    this.judge = around.judge
    this.walkers = around.walkers
    this.stacks = around.stacks
    this.nextSteps = around.nextSteps
    this.interrupts = around.interrupts
    this.exits = around.exits
    this.tasks = around.tasks
    this.programs = around.programs
    // A coroutine ends with the step before its end, unless that is an IRET that waits for the store buffer.
    this.machine.installDrained(RETURN, () => 0)
  }

  /** Puts every vCPU to the beginning of its part of a workload. */
  load(workload: Workload): void {
    const { S, walkers } = this.machine
    const { programs, tasks } = this
    this.nextSteps.learn()
    tasks.assign(Array.from({ length: walkers }, (_, v) => programs.operations(v, workload[v] ?? [])))
    for (let v = 0; v < walkers; v++) S[this.stacks.at(OPERATION, v)] = tasks.first(v)
  }

  /** True when all threads have ended, those of CPUs aside that stay offline. */
  ended(): boolean {
    const { machine, stacks } = this
    for (let v = 0; v < machine.walkers; v++) if (stacks.top(v) >= 0 && !machine.isOffline(v)) return false
    return true
  }

  /** The control state that a vCPU's next step comes from, or -1. */
  next(v: number): number {
    const top = this.stacks.top(v)
    return top < 0 ? -1 : this.machine.S[top]
  }

  /** Does the next step of a vCPU, with the steps that are joined to it. */
  step(v: number): void {
    const { machine, co, nextSteps } = this
    const { S, execute, events } = machine
    const { traits } = nextSteps
    const { shadow } = events
    const top = this.stacks.top(v)
    for (;;) {
      if (shadow >= 0) S[shadow + v] = 0
      const node = S[top]
      const op = opOf(co.nodes, node)
      if (traits[op] & SPECIAL) return this.stepSpecial(v, top, node)
      const result = execute[op](v, argA(co.nodes, node), argB(co.nodes, node), argC(co.nodes, node))
      if ((traits[op] & RIGHT) === 0) return this.goOn(v, top, node, result)
      this.trace(v, top, node, result)
      const next = co.next(node, result)
      S[top] = next
      const behind = opOf(co.nodes, next)
      if (behind === RETURN.code || this.judge.violation !== undefined)
        return traits[behind] & LEFT ? this.settle(v, top) : undefined
      if (!nextSteps.isForced(v, top)) return
    }
  }

  /** A step that is more than an operation to be executed: one of an access, a hypercall, an end that had to wait. */
  private stepSpecial(v: number, top: number, node: number): void {
    const { machine, co, stacks } = this
    switch (opOf(co.nodes, node)) {
      case ACCESS.code: {
        const result = stepAccess(machine, co, v, node, this.walkers.stepWalk)
        if (result === UNFINISHED) return
        if (result === VIOLATES) return this.violate(v, top, node)
        return this.goOn(v, top, node, result)
      }
      case HYPERCALL.code:
        this.trace(v, top, node, 0)
        return this.push(v, stacks.hypercall, this.exits.hypercall(v, node))
      default:
        this.trace(v, top, node, 0)
        return this.settle(v, top)
    }
  }

  /** A step has had its result: its coroutine asks for the next one. */
  private goOn(v: number, top: number, node: number, result: number): void {
    const { co } = this
    this.trace(v, top, node, result)
    const next = co.next(node, result)
    this.machine.S[top] = next
    if (this.nextSteps.traits[opOf(co.nodes, next)] & LEFT) this.settle(v, top)
  }

  /**
   * Does the steps that belong to the transition before them, and ends coroutines that have nothing left; `from` is the
   * word of the innermost one.
   */
  settle(v: number, from = this.stacks.top(v)): void {
    const { machine, co, stacks, nextSteps } = this
    const { S, execute, buffer } = machine
    for (let top = from; top >= 0;) {
      const node = S[top]
      const op = opOf(co.nodes, node)
      if (op === RETURN.code) {
        if (!buffer.isEmpty(v) && stacks.isHandler(top)) return
        this.end(v, top, argA(co.nodes, node))
        top = stacks.top(v)
        continue
      }
      if ((nextSteps.traits[op] & LEFT) === 0 || !nextSteps.canStep(v, top)) return
      const result = execute[op](v, argA(co.nodes, node), argB(co.nodes, node), argC(co.nodes, node))
      this.trace(v, top, node, result)
      S[top] = co.next(node, result)
    }
  }

  private trace(v: number, top: number, node: number, result: number): void {
    if (this.tracer !== undefined) this.tracer(v, node, result, this.stacks.roleOf(top))
  }

  /** Gives the innermost coroutine of a vCPU a result for the step that it asks for, which is not done. */
  skip(v: number, result: number): void {
    const { S } = this.machine
    const top = this.stacks.top(v)
    S[top] = this.co.next(S[top], result)
    this.settle(v)
  }

  /** A coroutine of a vCPU has returned `value`. */
  private end(v: number, top: number, value: number): void {
    const { machine, stacks, interrupts } = this
    const { S } = machine
    S[top] = 0
    switch (stacks.roleOf(top)) {
      case 'operation': {
        if (v < machine.config.vcpus) {
          S[machine.held + v] = 0
          S[machine.dangling + v] = 0
        }
        S[top] = this.tasks.next(v, value)
        return
      }
      case 'interrupt':
        return interrupts.end(v, stacks.placeOf(top))
      case 'nmi':
        return interrupts.endNmi(v)
      case 'microcode':
        return
      case 'hypercall':
        if (this.exits.leave(v, value) && !this.hook(v, 'onVcpuEntry')) this.host.enter(v)
        return
      default:
        return this.exits.endHook(v)
    }
  }

  /** Takes an interrupt. */
  interrupt(v: number, vector: number): void {
    this.push(v, this.interrupts.take(v, vector), this.programs.handler(vector, v))
  }

  /** Takes an NMI. */
  takeNmi(v: number): void {
    this.interrupts.takeNmi(v)
    this.push(v, this.stacks.nmi, this.programs.nmi(v))
  }

  /** Takes a RAR signal. */
  takeRar(v: number): void {
    this.interrupts.takeRar(v)
    this.push(v, this.stacks.microcode, this.programs.microcode())
  }

  /** VM exit because of an EPT violation: into the policy's handler, or the access ends in it. */
  private violate(v: number, top: number, node: number): void {
    const { co } = this
    const handler = this.exits.violation(v, node)
    if (handler !== 0) return this.push(v, this.stacks.hypercall, handler)
    this.goOn(v, top, node, givenUp(argB(co.nodes, node)))
  }

  /** Runs the policy's hook of a VM entry or exit; false if it has none. */
  hook(v: number, name: 'onVcpuEntry' | 'onVcpuExit'): boolean {
    const root = this.programs.hook(v, name)
    if (root !== 0) this.push(v, this.stacks.hook, root)
    return root !== 0
  }

  /** Begins an operation that is in no workload, on a walker that has nothing to do. */
  begin(v: number, root: number): void {
    this.push(v, OPERATION, root)
  }

  /** Begins a coroutine on top of what the vCPU was doing. */
  private push(v: number, place: number, root: number): void {
    const top = this.stacks.at(place, v)
    this.machine.S[top] = root
    this.settle(v, top)
  }
}
