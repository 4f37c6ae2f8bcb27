/**
 * A world: one machine with its host, its kernel, a policy and a workload, as a system that can be explored. Which
 * vCPU moves next, and everything that hardware and host may do, is a transition.
 */
import { fail } from '../errors.ts'
import { Coroutines } from '../engine/coroutine.ts'
import type { Names } from '../engine/step.ts'
import type { System, Violation } from '../engine/system.ts'
import type { KernelFeatures } from '../guest/cpu.ts'
import { hooksOf } from '../guest/hooks.ts'
import { Kernel } from '../guest/kernel.ts'
import type { SharedDeclaration, SharedWords } from '../machine/word.ts'
import { optionsOf, type AnyPolicy } from '../guest/policy.ts'
import { installQueues } from '../guest/call-queue.ts'
import { installSlots } from '../guest/smp.ts'
import { installEmulator } from '../hypervisor/emulator.ts'
import { Host } from '../hypervisor/host.ts'
import { FLUSH_COMPLETES } from '../invariants/index.ts'
import { installAllocator } from '../machine/allocate.ts'
import { installCopy } from '../machine/copy.ts'
import { installAccess } from '../machine/access.ts'
import { initializeEntries } from '../machine/boot.ts'
import { broadcastAt, broadcastPlaces, deliverBroadcast, installBroadcast } from '../machine/broadcast.ts'
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
import { installOffline } from '../machine/offline.ts'
import { installNestedWalk } from '../machine/nested-walk.ts'
import { installPcid } from '../machine/pcid.ts'
import { initializePdptes } from '../machine/pdpte.ts'
import { installRar } from '../machine/rar.ts'
import { installTables } from '../machine/tables.ts'
import { initializeVpids, installVmx } from '../machine/vmx-invalidate.ts'
import { installWalk } from '../machine/walk.ts'
import { Devices } from './devices.ts'
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
  /** Actors from here on are pCPUs that INVLPGBs reach; from there on, store buffers. */
  private readonly broadcastActor: number
  private readonly drainActor: number
  progress = 0
  beginnings = 0
  /** Dangerous situations reached since this world was built. */
  readonly witnessed = new Set<WitnessKind>()

  readonly policy: AnyPolicy
  readonly config: MachineConfig
  readonly host: Host
  private readonly kernel: Kernel
  private readonly judge: Judge
  private readonly walkers: Walkers
  readonly threads: Threads
  private readonly environment: Environment
  /** Absent from a machine without devices. */
  readonly devices: Devices | undefined
  private readonly placement: Placement
  /** True if there may be something to take that IF does not mask. */
  private readonly hasSignals: boolean
  /** True if anything but vCPUs, RCU and the environment can move. */
  private readonly hasMore: boolean
  private initial = new Int32Array(0)
  /** Before the workload begins nothing is dangerous. */
  private booting = false

  /** `keepsResults`: what each vCPU's operation returned last stays in the state, for {@link resultOf}. */
  constructor(policy: AnyPolicy, config: MachineConfig, features: KernelFeatures, keepsResults = false) {
    this.policy = policy
    this.config = config
    const { vcpus, pcpus, invlpgb, storeBuffer, devices, nmis, rar } = config
    this.hasSignals = nmis > 0 || rar > 0
    this.hasMore = vcpus > pcpus || invlpgb > 0 || storeBuffer > 0 || devices > 0
    const m = (this.machine = new Machine(config))
    this.host = new Host(m)
    this.kernel = new Kernel(m, policy.shared ?? {})
    this.judge = new Judge(m, this.kernel, policy)
    this.walkers = new Walkers(m, this.co)
    const { host, kernel, judge, walkers, co } = this
    this.threads = new Threads({ machine: m, co, kernel, host, judge, walkers }, keepsResults)
    this.environment = new Environment(m, host, this.threads, walkers)
    this.placement = new Placement(m, this.threads)
    this.devices = devices > 0 ? new Devices(m, co) : undefined
    m.seal()
    installMemory(m)
    for (const install of [
      installTables,
      installFrames,
      installAllocator,
      installCopy,
      installInvalidations,
      installWalk,
      installAccess,
      installFlushGhosts,
      installInterrupts,
      installPcid,
      installOffline,
      installBroadcast,
      installRar,
      installNestedWalk,
      installHostFrames,
      installVmx,
      installEmulator,
      installSlots,
      installQueues,
    ]) {
      install(m)
    }
    this.devices?.equip(this.threads)
    m.hooks = {
      fact: (kind, vcpu, ghost, frame) => judge.judge(kind, vcpu, ghost, frame),
      witness: (kind) => {
        if (!this.booting) this.witnessed.add(kind)
      },
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
    this.broadcastActor = 2 * vcpus + 2 + (devices > 0 ? devices + 1 : 0)
    this.drainActor = this.broadcastActor + (invlpgb > 0 ? pcpus : 0)
    this.actors = this.drainActor + (storeBuffer > 0 ? vcpus : 0)
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

  /** What RCU has put off under number `i`, in words. */
  tellDeferral(i: number): string {
    const name = this.kernel.deferralName(i)
    return i < this.machine.tableFrames.length ? `free ${name}` : `callback of ${name}`
  }

  /** What the last operation of a vCPU returned, in a world that keeps results; 0 for nothing. */
  resultOf(v: number): number {
    return this.threads.resultOf(v)
  }

  /**
   * Gives the CPUs a workload and puts the world to its beginning. `setup` is what the CPUs have done before that, one
   * operation each, one CPU after the other and alone.
   * @throws ShootdownError if the workload is for more CPUs than the machine has
   */
  load(workload: Workload, setup: readonly Operation[] = []): void {
    const { S, interruptFlag, on, walkers } = this.machine
    const { vcpus, pcpus } = this.config
    if (workload.length > walkers) throw fail.workloadTooWide(this.policy.name, workload.length, walkers)
    S.fill(0)
    initializeFrames(this.machine)
    initializeEntries(this.machine)
    initializeControls(this.machine)
    initializePdptes(this.machine)
    initializeEpt(this.machine)
    initializeVpids(this.machine)
    for (let v = 0; v < vcpus; v++) {
      S[interruptFlag + v] = 1
      S[on + v] = v < pcpus ? v + 1 : 0
    }
    this.kernel.initialize()
    for (const [name, { initial }] of Object.entries<SharedDeclaration>(this.policy.shared ?? {})) {
      for (let v = 0; v < vcpus; v++) S[this.kernel.shared[name].of(v).at] = initial
    }
    this.booting = true
    if (this.policy.boot !== undefined) this.threads.boot()
    setup.forEach((operation, v) => this.threads.runAlone(v, operation))
    this.booting = false
    this.threads.load(workload)
    for (let v = 0; v < walkers; v++) this.threads.settle(v)
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
    const { S, on, pending, interruptFlag } = this.machine
    const { vcpus } = this.config
    const { threads, placement, kernel } = this
    const { kicked } = this.host
    let n = 0
    for (let v = 0; v < vcpus; v++) {
      const top = threads.top(v)
      const running = S[on + v] !== 0
      if (top >= 0 && (running || threads.inHook(top)) && threads.canStep(v, top))
        n = threads.addSteps(v, top, out, n)
      if (running) {
        if (S[pending + v] !== 0 && S[interruptFlag + v] === 1) {
          for (let bits = threads.deliverable(v), vector = 0; bits !== 0; bits >>= 1, vector++) {
            if (bits & 1) out[n++] = T.transition(T.INTERRUPT, v, vector)
          }
        }
        if (this.hasSignals) n = this.addSignals(v, out, n)
        if (S[kicked + v] !== 0) out[n++] = T.transition(T.EXIT, v)
      } else if (top < 0 || !threads.inHook(top)) n = placement.addSchedules(v, out, n)
    }
    for (let i = 0; i < kernel.deferrals; i++) if (kernel.isDue(i)) out[n++] = T.transition(T.RCU_FREE, i)
    if (this.hasMore) n = this.addMore(out, n)
    this.progress = n
    if (!this.environment.mayAct || (n === 0 && this.final())) return n
    n = this.environment.add(out, n)
    return this.devices === undefined ? n : this.devices.addEnvironment(out, n)
  }

  /** Adds what only some machines have: broadcasts, store buffers, devices, vCPUs that share pCPUs. */
  private addMore(out: Int32Array, count: number): number {
    const { vcpus, pcpus, invlpgb } = this.config
    const { buffer } = this.machine
    let n = count
    if (invlpgb > 0) n = this.addBroadcasts(out, n)
    if (vcpus > pcpus) n = this.placement.addDeschedules(out, n)
    if (buffer.depth > 0) {
      for (let v = 0; v < vcpus; v++) if (!buffer.isEmpty(v)) out[n++] = T.transition(T.DRAIN, v)
    }
    return this.devices === undefined ? n : this.devices.add(out, n)
  }

  /** Adds what a vCPU can take whatever its IF says. */
  private addSignals(v: number, out: Int32Array, count: number): number {
    const bits = this.threads.signals(v)
    let n = count
    if (bits & (1 << T.NMI)) out[n++] = T.transition(T.SIGNAL, v, T.NMI)
    if (bits & (1 << T.RAR)) out[n++] = T.transition(T.SIGNAL, v, T.RAR)
    return n
  }

  /** Adds the arrivals of INVLPGBs that are on their way. */
  private addBroadcasts(out: Int32Array, count: number): number {
    const { machine, config } = this
    let n = count
    for (let place = 0; place < broadcastPlaces(machine); place++) {
      for (let pcpu = 0; pcpu < config.pcpus; pcpu++)
        if (broadcastAt(machine, place, pcpu) !== 0) out[n++] = T.transition(T.BROADCAST, pcpu, place)
    }
    return n
  }

  apply(t: number): void {
    const { threads, host, machine } = this
    const who = T.whoOf(t)
    const detail = T.detailOf(t)
    machine.alternative = 0
    switch (T.kindOf(t)) {
      case T.STEP:
        machine.alternative = detail
        if (who < machine.walkers) threads.step(who)
        else this.devices!.iommu.process()
        break
      case T.INTERRUPT:
        threads.interrupt(who, detail)
        break
      case T.EXIT:
        host.exit(who)
        host.enter(who)
        break
      case T.RCU_FREE:
        this.kernel.doDeferred(who)
        break
      case T.DRAIN:
        machine.buffer.drain(who)
        break
      case T.SIGNAL:
        if (detail === T.NMI) {
          machine.S[machine.events.nmi + who] = 0
          threads.takeNmi(who)
        } else threads.takeRar(who)
        break
      case T.BROADCAST:
        deliverBroadcast(machine, detail, who)
        break
      case T.NMI_ARRIVES:
        machine.S[machine.events.arrived]++
        threads.takeNmi(who)
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
        if (who < this.config.vcpus) this.speculate(who, detail)
        else this.devices!.beginAccess(who, detail)
        break
      case T.SPECULATION_STEP:
        this.walkers.stepSpeculation(who)
        break
      default:
        if (who < this.config.vcpus) this.environment.evict(who, detail)
        else this.devices!.evict(who, detail)
    }
    if (this.judge.looksAtStates) this.judge.judgeState()
  }

  actor(t: number): number {
    const { vcpus } = this.config
    const kind = T.kindOf(t)
    const who = T.whoOf(t)
    if (kind === T.BROADCAST) return this.broadcastActor + who
    if (kind === T.RCU_FREE) return vcpus + 1
    if (kind === T.DRAIN) return this.drainActor + who
    // The walker of each vCPU, then each device, then the IOMMU.
    if (kind >= T.SPECULATE || (kind === T.STEP && who >= vcpus)) return vcpus + 2 + who
    return kind === T.STEP || kind === T.INTERRUPT || kind === T.SIGNAL ? who : vcpus
  }

  name(t: number): string {
    const who = T.whoOf(t)
    const detail = T.detailOf(t)
    const ofDevice = T.kindOf(t) === T.STEP || T.kindOf(t) >= T.SPECULATE
    if (this.devices !== undefined && who >= this.config.vcpus && ofDevice) return this.devices.name(t)
    switch (T.kindOf(t)) {
      case T.STEP:
        return detail === 0 ? `cpu${who}` : `cpu${who} alternative ${detail}`
      case T.INTERRUPT:
        return `interrupt cpu${who} ${this.vectors[detail]}`
      case T.SIGNAL:
        return `interrupt cpu${who} ${detail === T.NMI ? 'NMI' : 'RAR'}`
      case T.NMI_ARRIVES:
        return `nmi cpu${who}`
      case T.BROADCAST:
        return this.broadcastName(who, detail)
      case T.EXIT:
        return `exit cpu${who}`
      case T.RCU_FREE:
        return `rcu ${this.kernel.deferralName(who)}`
      case T.SCHEDULE:
        return `schedule cpu${who} on pcpu${detail}`
      case T.DESCHEDULE:
        return `deschedule cpu${who}`
      case T.DRAIN:
        return `drain cpu${who}`
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

  private broadcastName(pcpu: number, place: number): string {
    const { invlpgb } = this.config
    const which = invlpgb > 1 ? ` number ${place % invlpgb}` : ''
    return `invlpgb${which} of pcpu${Math.floor(place / invlpgb)} at pcpu${pcpu}`
  }

  /** The control state that a vCPU's next step comes from, or -1 for a vCPU with nothing to do. */
  nextNode(v: number): number {
    return this.threads.next(v)
  }

  deadlock(): Violation {
    const { S, interruptFlag } = this.machine
    const waits: string[] = []
    for (let v = 0; v < this.machine.walkers; v++) {
      const node = this.nextNode(v)
      if (node < 0) continue
      const { op, a, b, c } = this.co.steps[node]
      const masked = v < this.config.vcpus && S[interruptFlag + v] === 0 ? ' with interrupts off' : ''
      waits.push(`${this.machine.walkerName(v)}${masked}: ${op.tell(a, b, c, this.names)}`)
    }
    return { invariant: FLUSH_COMPLETES.name, explanation: `deadlock; ${waits.join('; ')}` }
  }
}
