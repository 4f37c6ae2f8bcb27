/**
 * A world: one machine with its host, its kernel, a policy and a workload, as a system that can be explored. Which
 * vCPU moves next, and everything that hardware and host may do, is a transition.
 */
import { Coroutines } from '../engine/coroutine.ts'
import type { Names } from '../engine/step.ts'
import type { System, Violation } from '../engine/system.ts'
import type { KernelFeatures } from '../guest/cpu.ts'
import { hooksOf } from '../guest/hooks.ts'
import { Kernel } from '../guest/kernel.ts'
import type { SharedDeclaration, SharedWords } from '../machine/word.ts'
import { optionsOf, type AnyPolicy } from '../guest/policy.ts'
import { installSlots } from '../guest/smp.ts'
import { installEmulator } from '../hypervisor/emulator.ts'
import { Host } from '../hypervisor/host.ts'
import { FLUSH_COMPLETES } from '../invariants/index.ts'
import { installAccess } from '../machine/access.ts'
import { initializeEntries } from '../machine/boot.ts'
import { initializeControls } from '../machine/control.ts'
import type { MachineConfig } from '../machine/config.ts'
import type { WitnessKind } from '../machine/facts.ts'
import { initializeEpt } from '../machine/ept.ts'
import { installFlushGhosts } from '../machine/flush-ghosts.ts'
import { initializeFrames, installFrames } from '../machine/frames.ts'
import { installHostFrames } from '../machine/host-frames.ts'
import { installInterrupts } from '../machine/interrupts.ts'
import { installInvalidations } from '../machine/invalidate.ts'
import { Machine } from '../machine/machine.ts'
import { installMemory } from '../machine/memory.ts'
import { installNestedWalk } from '../machine/nested-walk.ts'
import { installPcid } from '../machine/pcid.ts'
import { installTables } from '../machine/tables.ts'
import { initializeVpids, installVmx } from '../machine/vmx-invalidate.ts'
import { installWalk } from '../machine/walk.ts'
import { Environment } from './environment.ts'
import { Judge } from './judge.ts'
import { namesOf } from './names.ts'
import { Placement } from './placement.ts'
import { Programs } from './programs.ts'
import { Threads } from './threads.ts'
import type { Tracer } from './tracer.ts'
import * as T from './transition.ts'
import { Walkers } from './walkers.ts'
import type { Operation, Workload } from './workload.ts'

export class World implements System {
  readonly co = new Coroutines()
  readonly machine: Machine
  readonly names: Names
  readonly vectors: readonly string[]
  readonly actors: number
  progress = 0
  beginnings = 0
  /** Dangerous situations reached since this world was built. */
  readonly witnessed = new Set<WitnessKind>()

  private readonly policy: AnyPolicy
  private readonly config: MachineConfig
  private readonly host: Host
  private readonly kernel: Kernel
  private readonly judge: Judge
  private readonly walkers: Walkers
  private readonly threads: Threads
  private readonly environment: Environment
  private readonly placement: Placement
  private initial = new Int32Array(0)

  /** `keepsResults`: what each vCPU's operation returned last stays in the state, for {@link resultOf}. */
  constructor(policy: AnyPolicy, config: MachineConfig, features: KernelFeatures, keepsResults = false) {
    this.policy = policy
    this.config = config
    const m = (this.machine = new Machine(config))
    this.host = new Host(m)
    this.kernel = new Kernel(m, policy.shared ?? {})
    this.judge = new Judge(m, this.kernel, policy)
    this.walkers = new Walkers(m, this.co)
    const { host, kernel, judge, walkers, co } = this
    this.threads = new Threads({ machine: m, co, kernel, host, judge, walkers }, keepsResults)
    this.environment = new Environment(m, host, this.threads)
    this.placement = new Placement(m, this.threads)
    m.seal()
    installMemory(m)
    for (const install of [
      installTables,
      installFrames,
      installInvalidations,
      installWalk,
      installAccess,
      installFlushGhosts,
      installInterrupts,
      installPcid,
      installNestedWalk,
      installHostFrames,
      installVmx,
      installEmulator,
      installSlots,
    ]) {
      install(m)
    }
    m.hooks = {
      fact: (kind, vcpu, ghost, frame) => judge.judge(kind, vcpu, ghost, frame),
      witness: (kind) => this.witnessed.add(kind),
      quiescent: (vcpu) => kernel.quiescent(vcpu),
    }
    this.vectors = ['call-function', ...Object.keys(policy.interrupts ?? {})]
    const hypercalls = Object.keys(policy.hypercalls ?? {})
    this.names = namesOf(m, kernel, this.vectors, hypercalls)
    const { vectors } = this
    const surroundings = {
      config,
      frames: m.geometry.frames,
      kernel,
      vectors,
      hypercalls,
      features,
      shared: kernel.shared,
    }
    const handles = { ...surroundings, options: optionsOf(policy), policy: hooksOf(policy) }
    this.threads.equip(new Programs(co, policy, handles))
    this.actors = 2 * config.vcpus + 2
    this.load([])
  }

  get state(): Int32Array {
    return this.machine.S
  }

  get violation(): Violation | undefined {
    return this.judge.violation
  }

  clearViolation(): void {
    this.judge.violation = undefined
  }

  /** Called for every step that is done, for telling a story. */
  set tracer(tracer: Tracer | undefined) {
    this.threads.tracer = tracer
    this.walkers.tracer = tracer
  }

  /** The policy's variables. */
  get shared(): Record<string, SharedWords> {
    return this.kernel.shared
  }

  /** What the last operation of a vCPU returned, in a world that keeps results; 0 for nothing. */
  resultOf(v: number): number {
    return this.threads.resultOf(v)
  }

  /**
   * Gives the CPUs a workload and puts the world to its beginning. `setup` is an operation that CPU 0 has done
   * before that, alone.
   */
  load(workload: Workload, setup?: Operation): void {
    const { S, interruptFlag, on } = this.machine
    const { vcpus, pcpus } = this.config
    S.fill(0)
    initializeFrames(this.machine)
    initializeEntries(this.machine)
    initializeControls(this.machine)
    initializeEpt(this.machine)
    initializeVpids(this.machine)
    for (let v = 0; v < vcpus; v++) {
      S[interruptFlag + v] = 1
      S[on + v] = v < pcpus ? v + 1 : 0
    }
    S[this.kernel.cpumask[0].at] = 2 ** vcpus - 1
    for (const [name, { initial }] of Object.entries<SharedDeclaration>(this.policy.shared ?? {})) {
      for (let v = 0; v < vcpus; v++) S[this.kernel.shared[name].of(v).at] = initial
    }
    if (setup !== undefined) this.threads.runAlone(setup)
    this.threads.load(workload)
    for (let v = 0; v < vcpus; v++) this.threads.settle(v)
    this.initial = S.slice()
    this.beginnings++
    this.clearViolation()
  }

  reset(): void {
    this.machine.S.set(this.initial)
    this.clearViolation()
  }

  final(): boolean {
    return this.threads.ended()
  }

  enabled(out: Int32Array): number {
    const { S, on, pending, interruptFlag, geometry } = this.machine
    const { vcpus, pcpus } = this.config
    const { threads, placement, kernel } = this
    const { kicked } = this.host
    let n = 0
    for (let v = 0; v < vcpus; v++) {
      const top = threads.top(v)
      const running = S[on + v] !== 0
      if (top >= 0 && (running || threads.inHook(top)) && threads.canStep(v, top))
        n = threads.addSteps(v, top, out, n)
      if (running) {
        if (S[pending + v] !== 0 && S[interruptFlag + v] === 1 && threads.takesInterrupts(v)) {
          for (let bits = S[pending + v], vector = 0; bits !== 0; bits >>= 1, vector++) {
            if (bits & 1) out[n++] = T.transition(T.INTERRUPT, v, vector)
          }
        }
        if (S[kicked + v] !== 0) out[n++] = T.transition(T.EXIT, v)
      } else if (top < 0 || !threads.inHook(top)) n = placement.addSchedules(v, out, n)
    }
    for (let slot = 0; slot < geometry.tables.length; slot++) {
      if (kernel.canFree(slot)) out[n++] = T.transition(T.RCU_FREE, slot)
    }
    if (vcpus > pcpus) n = placement.addDeschedules(out, n)
    this.progress = n
    if (!this.environment.mayAct || (n === 0 && this.final())) return n
    return this.environment.add(out, n)
  }

  apply(t: number): void {
    const { threads, host, machine } = this
    const who = T.whoOf(t)
    const detail = T.detailOf(t)
    machine.alternative = 0
    switch (T.kindOf(t)) {
      case T.STEP:
        machine.alternative = detail
        threads.step(who)
        break
      case T.INTERRUPT:
        threads.interrupt(who, detail)
        break
      case T.EXIT:
        host.exit(who)
        host.enter(who)
        break
      case T.RCU_FREE:
        this.kernel.freeDeferred(who)
        break
      case T.PREEMPT:
        machine.S[host.preemptions]++
        host.preempt(who)
        threads.hook(who, 'onVcpuExit')
        break
      case T.DESCHEDULE:
        host.preempt(who)
        threads.hook(who, 'onVcpuExit')
        break
      case T.SCHEDULE:
        if (host.schedule(who, detail)) threads.hook(who, 'onVcpuEntry')
        break
      case T.SPECULATE:
        this.speculate(who, detail)
        break
      case T.SPECULATION_STEP:
        this.walkers.stepSpeculation(who)
        break
      default:
        this.environment.evict(who, detail)
    }
    if (this.judge.looksAtStates) this.judge.judgeState()
  }

  actor(t: number): number {
    const { vcpus } = this.config
    const kind = T.kindOf(t)
    if (kind === T.STEP || kind === T.INTERRUPT) return T.whoOf(t)
    if (kind === T.RCU_FREE) return vcpus + 1
    return kind >= T.SPECULATE ? vcpus + 2 + T.whoOf(t) : vcpus
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
        return this.speculationName(who, detail)
      case T.SPECULATION_STEP:
        return `walker cpu${who}`
      default:
        return `evict cpu${who} ${this.environment.evictableName(detail)}`
    }
  }

  /** `detail` counts pages, for loads first and then for stores. */
  private speculate(v: number, detail: number): void {
    const { pages } = this.config
    this.walkers.speculate(v, pages[detail % pages.length], detail >= pages.length)
  }

  private speculationName(v: number, detail: number): string {
    const { pages } = this.config
    return `speculate cpu${v} page ${pages[detail % pages.length]}${detail >= pages.length ? ' for a store' : ''}`
  }

  /** The control state that a vCPU's next step comes from, or -1 for a vCPU with nothing to do. */
  nextNode(v: number): number {
    return this.threads.next(v)
  }

  deadlock(): Violation {
    const { S, interruptFlag } = this.machine
    const waits: string[] = []
    for (let v = 0; v < this.config.vcpus; v++) {
      const node = this.nextNode(v)
      if (node < 0) continue
      const { op, a, b, c } = this.co.steps[node]
      const masked = S[interruptFlag + v] === 0 ? ' with interrupts off' : ''
      waits.push(`CPU${v}${masked}: ${op.tell(a, b, c, this.names)}`)
    }
    return { invariant: FLUSH_COMPLETES.name, explanation: `deadlock; ${waits.join('; ')}` }
  }
}
