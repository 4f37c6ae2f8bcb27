/**
 * A world: one machine with its host, its kernel, a policy and a workload, as a system that can be explored. Each
 * vCPU is a thread of nested coroutines (operation, interrupt handler, hypercall, entry or exit hook); which of them
 * moves next, and everything that hardware and host may do, is a transition.
 */
import { fail } from '../errors.ts'
import { Coroutines, argA, argB, argC, opOf } from '../engine/coroutine.ts'
import { RETURN, opTable, type Names } from '../engine/step.ts'
import type { System, Violation } from '../engine/system.ts'
import { Cpu, type KernelFeatures } from '../guest/cpu.ts'
import { asPolicy, hooksOf } from '../guest/hooks.ts'
import { Kernel, type SharedDeclaration } from '../guest/kernel.ts'
import { guestOperations } from '../guest/operations/index.ts'
import { optionsOf, type Policy } from '../guest/policy.ts'
import { callFunctionInterrupt, installSlots } from '../guest/smp.ts'
import { HYPERCALL } from '../hypervisor/hypercall.ts'
import { Host, HostCpu } from '../hypervisor/host.ts'
import { FLUSH_COMPLETES, invariants } from '../invariants/index.ts'
import { ACCESS, UNFINISHED, installAccess, stepAccess, walkRoot } from '../machine/access.ts'
import { VALID } from '../machine/cached.ts'
import type { MachineConfig } from '../machine/config.ts'
import { initializeEntries } from '../machine/boot.ts'
import type { FactKind, WitnessKind } from '../machine/facts.ts'
import { initializeFrames, installFrames } from '../machine/frames.ts'
import { installFlushGhosts } from '../machine/flush-ghosts.ts'
import { installInterrupts } from '../machine/interrupts.ts'
import { inInstruction, installInvalidations } from '../machine/invalidate.ts'
import { Machine } from '../machine/machine.ts'
import { CHOOSE, TRY_ALLOCATE, installMemory } from '../machine/memory.ts'
import { installTables } from '../machine/tables.ts'
import { installWalk } from '../machine/walk.ts'
import { namesOf } from './names.ts'
import * as T from './transition.ts'
import type { Workload } from './workload.ts'

/** Called for every step that is done: who, the control state that asked for it, what it resulted in. */
export type Tracer = (vcpu: number, node: number, result: number, role: Role) => void
/** Which of a vCPU's coroutines asked for a step. */
export type Role = 'operation' | 'interrupt' | 'hypercall' | 'hook' | 'walk' | 'speculation'
const ROLES: readonly Role[] = ['operation', 'interrupt', 'hypercall', 'hook']
const OPERATION = 0
const INTERRUPT = 1
const HYPERCALL_FRAME = 2
const HOOK = 3

export class World implements System {
  readonly co = new Coroutines()
  readonly machine: Machine
  readonly host: Host
  readonly kernel: Kernel
  readonly names: Names
  readonly vectors: readonly string[]
  readonly hypercalls: readonly string[]
  readonly actors: number
  progress = 0
  violation: Violation | undefined
  tracer: Tracer | undefined
  /** Dangerous situations reached since this world was built. */
  readonly witnessed = new Set<WitnessKind>()

  readonly policy: Policy<any, any>
  readonly config: MachineConfig
  readonly features: KernelFeatures
  private readonly cpus: Cpu<any, any>[]
  /** Control states by role and vCPU: `frames + role * vcpus + vcpu`. */
  private readonly frames: number
  private readonly position: number
  private programs: number[][] = []
  private initial = new Int32Array(0)
  private alternative = 0
  private readonly handlers: number[][]
  private readonly hostRoots: number[] = []
  private readonly busyEnvironment: boolean
  private readonly left: boolean[]
  private readonly right: boolean[]

  constructor(policy: Policy<any, any>, config: MachineConfig, features: KernelFeatures) {
    this.policy = policy
    this.config = config
    this.features = features
    const { vcpus } = config
    const m = (this.machine = new Machine(config))
    this.host = new Host(m)
    this.kernel = new Kernel(m, policy.shared ?? {})
    this.frames = m.layout.addControl('control', 4 * vcpus)
    this.position = m.layout.add('position', vcpus, 15)
    m.seal()
    installMemory(m, () => this.alternative)
    installTables(m)
    installFrames(m)
    installInvalidations(m)
    installWalk(m)
    installAccess(m)
    installFlushGhosts(m)
    installInterrupts(m)
    installSlots(m)
    m.hooks = {
      fact: (kind, vcpu, ghost, frame) => this.judge(kind, vcpu, ghost, frame),
      witness: (kind) => this.witnessed.add(kind),
      quiescent: (vcpu) => this.kernel.quiescent(vcpu),
    }
    this.vectors = ['call-function', ...Object.keys(policy.interrupts ?? {})]
    this.hypercalls = Object.keys(policy.hypercalls ?? {})
    this.names = namesOf(m, this.kernel, this.vectors, this.hypercalls)
    const around = {
      config,
      kernel: this.kernel,
      shared: this.kernel.shared,
      options: optionsOf(policy),
      vectors: this.vectors,
      hypercalls: this.hypercalls,
      features,
      policy: hooksOf(policy),
    }
    this.cpus = Array.from({ length: vcpus }, (_, v) => new Cpu(v, around))
    this.actors = 2 * vcpus + 2
    this.busyEnvironment = config.preemptions > 0 || config.speculation > 0 || config.eviction
    this.left = opTable().map((op) => op.mover === 'left')
    this.right = opTable().map((op) => op.mover === 'right')
    this.handlers = this.vectors.map(() => [])
    this.load(Array.from({ length: vcpus }, () => []))
  }

  get state(): Int32Array {
    return this.machine.S
  }

  /** Gives the CPUs a workload and puts the world to its beginning. */
  load(workload: Workload): void {
    const { S, config } = this.machine
    const { vcpus } = config
    this.programs = Array.from({ length: vcpus }, (_, v) => this.compile(v, workload[v] ?? []))
    S.fill(0)
    initializeFrames(this.machine)
    initializeEntries(this.machine)
    for (let v = 0; v < vcpus; v++) {
      S[this.machine.interruptFlag + v] = 1
      S[this.machine.on + v] = v < config.pcpus ? v + 1 : 0
      S[this.frames + v] = this.programs[v][0] ?? 0
    }
    S[this.kernel.cpumask[0].at] = 2 ** vcpus - 1
    for (const [name, { initial }] of Object.entries<SharedDeclaration>(this.policy.shared ?? {})) {
      for (let v = 0; v < vcpus; v++) S[this.kernel.shared[name].of(v).at] = initial
    }
    for (let v = 0; v < vcpus; v++) this.settle(v)
    this.initial = S.slice()
    this.violation = undefined
  }

  reset(): void {
    this.machine.S.set(this.initial)
    this.violation = undefined
  }

  clearViolation(): void {
    this.violation = undefined
  }

  final(): boolean {
    for (let v = 0; v < this.config.vcpus; v++) if (this.top(v) >= 0) return false
    return true
  }

  enabled(out: Int32Array): number {
    const { S, on, pending, interruptFlag } = this.machine
    const { vcpus, pcpus } = this.config
    const { kicked } = this.host
    let n = 0
    for (let v = 0; v < vcpus; v++) {
      const top = this.top(v)
      if (S[on + v] !== 0) {
        if (top >= 0 && this.canStep(v, top)) n = this.addSteps(v, top, out, n)
        if (S[pending + v] !== 0 && S[interruptFlag + v] === 1 && this.takesInterrupts(v)) {
          for (let bits = S[pending + v], vector = 0; bits !== 0; bits >>= 1, vector++) {
            if (bits & 1) out[n++] = T.transition(T.INTERRUPT, v, vector)
          }
        }
        if (S[kicked + v] !== 0) out[n++] = T.transition(T.EXIT, v)
      } else if (top >= 0 && this.roleOf(top) === HOOK) {
        if (this.canStep(v, top)) n = this.addSteps(v, top, out, n)
      } else {
        for (let p = 0; p < pcpus; p++) if (this.canRunOn(v, p)) out[n++] = T.transition(T.SCHEDULE, v, p)
      }
    }
    const tables = this.machine.geometry.tables.length
    for (let slot = 0; slot < tables; slot++) if (this.kernel.canFree(slot)) out[n++] = T.transition(T.RCU_FREE, slot)
    if (vcpus > pcpus) n = this.addDeschedules(out, n)
    this.progress = n
    if (!this.busyEnvironment || (n === 0 && this.final())) return n
    return this.addEnvironment(out, n)
  }

  apply(t: number): void {
    const v = T.whoOf(t)
    const { S, pending, interruptFlag } = this.machine
    switch (T.kindOf(t)) {
      case T.STEP:
        this.alternative = T.detailOf(t)
        this.step(v)
        break
      case T.INTERRUPT:
        S[pending + v] &= ~(1 << T.detailOf(t))
        S[interruptFlag + v] = 0
        S[this.frames + INTERRUPT * this.config.vcpus + v] = this.handler(T.detailOf(t), v)
        this.settle(v)
        break
      case T.EXIT:
        this.host.exit(v)
        this.host.enter(v)
        break
      case T.RCU_FREE:
        this.kernel.freeDeferred(v)
        break
      case T.PREEMPT:
        S[this.host.preemptions]++
        this.host.preempt(v)
        this.hook(v, 'onVcpuExit')
        break
      case T.DESCHEDULE:
        this.host.preempt(v)
        this.hook(v, 'onVcpuExit')
        break
      case T.SCHEDULE:
        this.host.schedule(v, T.detailOf(t))
        this.hook(v, 'onVcpuEntry')
        break
      case T.SPECULATE:
        this.speculate(v, this.config.pages[T.detailOf(t)])
        break
      case T.SPECULATION_STEP:
        this.stepSpeculation(v)
        break
      case T.EVICT:
        S[this.evictable(v, T.detailOf(t))] = 0
        break
      default:
        throw new Error(`no transition ${t}`)
    }
    if (this.policy.invariants !== undefined && this.violation === undefined) this.judgePolicy()
  }

  actor(t: number): number {
    const { vcpus } = this.config
    const kind = T.kindOf(t)
    if (kind === T.STEP || kind === T.INTERRUPT) return T.whoOf(t)
    if (kind === T.RCU_FREE) return vcpus + 1
    if (kind >= T.SPECULATE) return vcpus + 2 + T.whoOf(t)
    return vcpus
  }

  name(t: number): string {
    const who = T.whoOf(t)
    const detail = T.detailOf(t)
    switch (T.kindOf(t)) {
      case T.STEP:
        return detail === 0 ? `cpu${who}` : `cpu${who} alternative ${detail}`
      case T.INTERRUPT:
        return `interrupt cpu${who} ${this.vectors[detail]}`
      case T.EXIT:
        return `exit cpu${who}`
      case T.RCU_FREE:
        return `rcu ${this.machine.geometry.tables[who].name}`
      case T.SCHEDULE:
        return `schedule cpu${who} on pcpu${detail}`
      case T.DESCHEDULE:
        return `deschedule cpu${who}`
      case T.PREEMPT:
        return `preempt cpu${who}`
      case T.SPECULATE:
        return `speculate cpu${who} page ${this.config.pages[detail]}`
      case T.SPECULATION_STEP:
        return `walker cpu${who}`
      default:
        return `evict cpu${who} ${this.evictableName(detail)}`
    }
  }

  /** The control state that a vCPU's next step comes from, or -1 for a vCPU with nothing to do. */
  nextNode(v: number): number {
    const top = this.top(v)
    return top < 0 ? -1 : this.machine.S[top]
  }

  deadlock(): Violation {
    const waits: string[] = []
    for (let v = 0; v < this.config.vcpus; v++) {
      const node = this.nextNode(v)
      if (node < 0) continue
      const { op, a, b, c } = this.co.steps[node]
      const masked = this.machine.S[this.machine.interruptFlag + v] === 0 ? ' with interrupts off' : ''
      waits.push(`CPU${v}${masked}: ${op.tell(a, b, c, this.names)}`)
    }
    return { invariant: FLUSH_COMPLETES.name, explanation: `deadlock; ${waits.join('; ')}` }
  }

  // -- threads ------------------------------------------------------------------------------------------------

  private compile(v: number, operations: Workload[number]): number[] {
    let space = 0
    return operations.map(({ op, page = 0 }) => {
      const known = guestOperations[op]
      const own = this.policy.operations?.[op]
      const here = space
      if (known?.needs === 'switching') space = 1 - space
      const cpu = this.cpus[v]
      const where = `${op}${page === undefined ? '' : `(${page})`} on CPU${v}, policy ${this.policy.name}`
      return this.co.root(`${where} mm${here}`, () =>
        known === undefined ? asPolicy(`${this.policy.name} ${op}`, own!.run(cpu)) : known.code(cpu as Cpu, page, here),
      )
    })
  }

  /** Word of the innermost coroutine of a vCPU, or -1. */
  private top(v: number): number {
    const { S } = this.machine
    const { vcpus } = this.config
    for (let role = HOOK; role >= OPERATION; role--) {
      const at = this.frames + role * vcpus + v
      if (S[at] !== 0) return at
    }
    return -1
  }

  private roleOf(top: number): number {
    return Math.floor((top - this.frames) / this.config.vcpus)
  }

  private takesInterrupts(v: number): boolean {
    const { S } = this.machine
    const { vcpus } = this.config
    const inHost = S[this.frames + HYPERCALL_FRAME * vcpus + v] !== 0 || S[this.frames + HOOK * vcpus + v] !== 0
    return !inHost && !inInstruction(this.machine, v)
  }

  private canStep(v: number, top: number): boolean {
    const node = this.machine.S[top]
    const { nodes } = this.co
    const guard = this.machine.guards[opOf(nodes, node)]
    return guard === undefined || guard(v, argA(nodes, node), argB(nodes, node), argC(nodes, node))
  }

  private addSteps(v: number, top: number, out: Int32Array, n: number): number {
    const node = this.machine.S[top]
    const alternatives = this.alternatives(node)
    if (alternatives === 0) {
      out[n] = T.transition(T.STEP, v)
      return n + 1
    }
    for (let i = 0; i < alternatives; i++) out[n + i] = T.transition(T.STEP, v, i)
    return n + alternatives
  }

  /** How many outcomes the explorer can pick for the step that `node` asks for; 0 for a step that has but one. */
  private alternatives(node: number): number {
    const op = opOf(this.co.nodes, node)
    return op === CHOOSE.code ? argA(this.co.nodes, node) : op === TRY_ALLOCATE.code ? 2 : 0
  }

  private step(v: number): void {
    const { S, execute } = this.machine
    for (;;) {
      const top = this.top(v)
      const node = S[top]
      const { nodes } = this.co
      const op = opOf(nodes, node)
      if (op === HYPERCALL.code) return this.enterHost(v, top, node)
      const result =
        op === ACCESS.code
          ? stepAccess(this.machine, this.co, v, node, this.stepWalk)
          : execute[op](v, argA(nodes, node), argB(nodes, node), argC(nodes, node))
      if (result === UNFINISHED) return
      this.tracer?.(v, node, result, ROLES[this.roleOf(top)])
      this.deliver(v, top, node, result)
      if (this.violation !== undefined) return
      if (!this.right[op]) break
      const next = this.top(v)
      if (next < 0 || !this.canStep(v, next) || this.alternatives(S[next]) > 0) break
    }
    this.settle(v)
  }

  /** Does the steps that belong to the transition before them. */
  private settle(v: number): void {
    const { S, execute } = this.machine
    for (;;) {
      const top = this.top(v)
      if (top < 0) return
      const node = S[top]
      const { nodes } = this.co
      const op = opOf(nodes, node)
      if (!this.left[op] && op !== RETURN.code) return
      if (op === RETURN.code) {
        this.ended(v, top, argA(nodes, node))
        continue
      }
      const result = execute[op](v, argA(nodes, node), argB(nodes, node), argC(nodes, node))
      this.tracer?.(v, node, result, ROLES[this.roleOf(top)])
      if (this.violation !== undefined) return
      this.deliver(v, top, node, result)
    }
  }

  private deliver(v: number, top: number, node: number, result: number): void {
    const next = this.co.next(node, result)
    this.machine.S[top] = next
    if (opOf(this.co.nodes, next) === RETURN.code) this.ended(v, top, argA(this.co.nodes, next))
  }

  /** A coroutine of a vCPU has returned `value`: what was beneath it goes on. */
  private ended(v: number, top: number, value: number): void {
    const m = this.machine
    const { S } = m
    S[top] = 0
    switch (this.roleOf(top)) {
      case HYPERCALL_FRAME: {
        this.host.enter(v)
        const caller = this.top(v)
        this.deliver(v, caller, S[caller], value)
        return
      }
      case HOOK:
        if (S[m.on + v] !== 0) this.host.enter(v)
        return
      case INTERRUPT:
        S[m.interruptFlag + v] = 1
        this.kernel.quiescent(v)
        return
      default: {
        S[m.held + v] = 0
        S[m.dangling + v] = 0
        const position = ++S[this.position + v]
        S[top] = this.programs[v][position] ?? 0
      }
    }
  }

  private handler(vector: number, v: number): number {
    const known = this.handlers[vector][v]
    if (known !== undefined) return known
    const cpu = this.cpus[v]
    const name = this.vectors[vector]
    const where = `${name} interrupt on CPU${v}, policy ${this.policy.name}`
    const own = this.policy.interrupts?.[name]
    return (this.handlers[vector][v] = this.co.root(where, () =>
      own === undefined ? callFunctionInterrupt(cpu as Cpu) : asPolicy(where, own(cpu)),
    ))
  }

  // -- host ---------------------------------------------------------------------------------------------------

  private hostCpu(v: number): HostCpu<any> {
    return new HostCpu(v, this.config.vcpus, this.kernel.shared)
  }

  private enterHost(v: number, top: number, node: number): void {
    this.tracer?.(v, node, 0, ROLES[this.roleOf(top)])
    this.host.exit(v)
    const { vcpus } = this.config
    const root = (this.hostRoots[node * vcpus + v] ??= this.hostRoot(v, node))
    this.machine.S[this.frames + HYPERCALL_FRAME * vcpus + v] = root
    this.settle(v)
  }

  /** First control state of the host side of the hypercall that `node` asks for. */
  private hostRoot(v: number, node: number): number {
    const { nodes } = this.co
    const number = argA(nodes, node)
    const pages = argB(nodes, node)
    const mask = argC(nodes, node)
    const name = this.hypercalls[number]
    const cpus = Array.from({ length: this.config.vcpus }, (_, i) => i).filter((i) => mask & (1 << i))
    const where = `hypercall ${name}, policy ${this.policy.name}`
    return this.co.root(`${where} cpu${v} ${pages} ${mask}`, () =>
      asPolicy(where, this.policy.hypercalls![name](this.hostCpu(v), pages, cpus)),
    )
  }

  private hook(v: number, name: 'onVcpuEntry' | 'onVcpuExit'): void {
    if (this.policy[name] === undefined) return
    const where = `${name}, policy ${this.policy.name}`
    const root = this.co.root(`${where} cpu${v}`, () => asPolicy(where, this.policy[name]!(this.hostCpu(v))))
    this.machine.S[this.frames + HOOK * this.config.vcpus + v] = root
    this.settle(v)
  }

  private canRunOn(v: number, p: number): boolean {
    const { S, on } = this.machine
    const { vcpus, pcpus, migration } = this.config
    if (!migration && v % pcpus !== p) return false
    for (let other = 0; other < vcpus; other++) if (S[on + other] === p + 1) return false
    return true
  }

  /** With more vCPUs than pCPUs the host takes turns at every point where a vCPU cannot go on. */
  private addDeschedules(out: Int32Array, n: number): number {
    const { S, on } = this.machine
    for (let v = 0; v < this.config.vcpus; v++) {
      if (S[on + v] === 0) continue
      const top = this.top(v)
      const stuck = top < 0 || !this.canStep(v, top)
      const wanted = this.config.vcpus > this.config.pcpus && this.someoneWaitsFor(S[on + v] - 1)
      if (stuck && wanted && (top < 0 || this.roleOf(top) < HYPERCALL_FRAME)) out[n++] = T.transition(T.DESCHEDULE, v)
    }
    return n
  }

  private someoneWaitsFor(p: number): boolean {
    const { S, on, pending } = this.machine
    const { vcpus, pcpus, migration } = this.config
    for (let v = 0; v < vcpus; v++) {
      if (S[on + v] === 0 && (migration || v % pcpus === p) && (this.top(v) >= 0 || S[pending + v] !== 0)) return true
    }
    return false
  }

  // -- environment --------------------------------------------------------------------------------------------

  private addEnvironment(out: Int32Array, n: number): number {
    const { S, on, speculation, speculations, tlb, structures } = this.machine
    const { vcpus, preemptions, pages, eviction, speculation: budget } = this.config
    const canPreempt = S[this.host.preemptions] < preemptions
    for (let v = 0; v < vcpus; v++) {
      if (S[on + v] === 0) continue
      const top = this.top(v)
      const inGuest = top < 0 || this.roleOf(top) < HYPERCALL_FRAME
      if (canPreempt && inGuest && top >= 0) out[n++] = T.transition(T.PREEMPT, v)
      if (!inGuest) continue
      if (budget > 0) {
        if (S[speculation + v] !== 0) out[n++] = T.transition(T.SPECULATION_STEP, v)
        else if (S[speculations] < budget) {
          const base = tlb + this.machine.context(v) * pages.length
          for (let slot = 0; slot < pages.length; slot++) {
            if ((S[base + slot] & VALID) === 0) out[n++] = T.transition(T.SPECULATE, v, slot)
          }
        }
      }
      if (eviction) {
        const context = this.machine.context(v)
        for (let i = 0; i < pages.length; i++) {
          if (S[tlb + context * pages.length + i] & VALID) out[n++] = T.transition(T.EVICT, v, i)
        }
        for (let i = 0; i < this.machine.structureSlots; i++) {
          if (S[structures + context * this.machine.structureSlots + i] & VALID) {
            out[n++] = T.transition(T.EVICT, v, pages.length + i)
          }
        }
      }
    }
    return n
  }

  private evictable(v: number, detail: number): number {
    const { pages } = this.config
    const { tlb, structures, structureSlots } = this.machine
    const context = this.machine.context(v)
    return detail < pages.length
      ? tlb + context * pages.length + detail
      : structures + context * structureSlots + detail - pages.length
  }

  private evictableName(detail: number): string {
    const { pages } = this.config
    return detail < pages.length ? `tlb page ${pages[detail]}` : `structure ${detail - pages.length}`
  }

  private readonly stepWalk = (v: number): number => this.walkOn(v, this.machine.walk + v, 'walk')

  /** One step of the walk whose control state is in word `at`; its outcome, or UNFINISHED. */
  private walkOn(v: number, at: number, role: Role): number {
    const { S, execute } = this.machine
    for (;;) {
      const node = S[at]
      const { nodes } = this.co
      const op = opOf(nodes, node)
      const result = execute[op](v, argA(nodes, node), argB(nodes, node), argC(nodes, node))
      this.tracer?.(v, node, result, role)
      const next = this.co.next(node, result)
      if (opOf(this.co.nodes, next) === RETURN.code) {
        S[at] = 0
        return argA(this.co.nodes, next)
      }
      S[at] = next
      if (!this.right[op]) return UNFINISHED
    }
  }

  private speculate(v: number, page: number): void {
    const m = this.machine
    m.S[m.speculations]++
    m.S[m.speculationPage + v] = page
    m.S[m.speculation + v] = walkRoot(this.co, page, false, true)
    this.stepSpeculation(v)
  }

  private stepSpeculation(v: number): void {
    const m = this.machine
    const outcome = this.walkOn(v, m.speculation + v, 'speculation')
    if (outcome === UNFINISHED) return
    m.S[m.speculationPage + v] = 0
    m.S[m.speculationPointer + v] = 0
    if (outcome !== 0) this.witnessed.add('speculation')
  }

  // -- judgement ----------------------------------------------------------------------------------------------

  private judge(kind: FactKind, v: number, ghost: number, frame: number): void {
    if (this.violation !== undefined) return
    for (const invariant of invariants) {
      if (invariant.judges !== kind || !invariant.violated(ghost)) continue
      const explanation = `CPU${v}: ${invariant.explain(ghost, this.machine.geometry.name(frame))}`
      this.violation = { invariant: invariant.name, explanation }
      return
    }
  }

  private judgePolicy(): void {
    const { S } = this.machine
    for (const { name, sentence, holds } of this.policy.invariants!) {
      let kept: boolean
      try {
        kept = holds(this.kernel.shared, (word) => S[word.at])
      } catch (cause) {
        throw fail.threw(`invariant ${name} of policy ${this.policy.name}`, 0, cause)
      }
      if (!kept) {
        this.violation = { invariant: name, explanation: `does not hold any more: ${sentence}` }
        return
      }
    }
  }
}
