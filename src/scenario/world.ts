/**
 * A world: one machine with its host, its kernel, a policy and a workload, as a system that can be explored. Which
 * vCPU moves next, and everything that hardware and host may do, is a transition. What the parts are, which transitions
 * are enabled, what they do and what they are called is in the files beside this one.
 */
import { fail } from '../errors.ts'
import { argA, opOf, type Coroutines } from '../engine/coroutine.ts'
import { mix } from '../engine/mix.ts'
import type { Names } from '../engine/step.ts'
import type { FairSystem } from '../engine/fairness.ts'
import type { Violation } from '../engine/system.ts'
import type { KernelFeatures } from '../guest/surroundings.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import type { MachineConfig } from '../machine/config.ts'
import type { WitnessKind } from '../machine/facts.ts'
import type { Machine } from '../machine/machine.ts'
import type { SharedWords } from '../machine/word.ts'
import { Actors } from './actors.ts'
import { bootAll, setUp } from './alone.ts'
import { initialize } from './beginning.ts'
import { deadlockOf } from './deadlock.ts'
import type { Devices } from './devices.ts'
import { Effects } from './effects.ts'
import { Enabled } from './enabled.ts'
import { footprintOf } from './footprint.ts'
import { WorldInside } from './inside.ts'
import { WorldFairness } from './fairness.ts'
import type { Judge } from './judge.ts'
import { namesOf } from './names.ts'
import { assemble, type Parts } from './parts.ts'
import type { Threads } from './threads.ts'
import type { Tracer } from './tracer.ts'
import * as T from './transition.ts'
import { TransitionNames } from './transition-names.ts'
import type { Operation, Workload } from './workload.ts'

export class World implements FairSystem {
  readonly co: Coroutines
  readonly machine: Machine
  readonly names: Names
  readonly vectors: readonly string[]
  /** Absent from a machine without devices. */
  readonly devices: Devices | undefined
  progress = 0
  beginnings = 0
  readonly policy: AnyPolicy
  /** What it is put together from, for what goes through its states. */
  readonly parts: Parts
  private readonly judge: Judge
  private readonly threads: Threads
  private readonly enabledNow: Enabled
  private readonly effects: Effects
  private readonly transitionNames: TransitionNames
  private readonly actorsOf: Actors
  readonly fairness: WorldFairness
  private initial = new Int32Array(0)
  /** For those who learn what its transitions do. */
  readonly inside: WorldInside

  /** `keepsResults`: what each vCPU's operation returned last stays in the state, for {@link resultOf}. */
  constructor(policy: AnyPolicy, config: MachineConfig, features: KernelFeatures, keepsResults = false) {
    this.policy = policy
    const parts = assemble(policy, config, features, keepsResults)
    this.parts = parts
    this.co = parts.co
    this.machine = parts.machine
    this.judge = parts.judge
    this.threads = parts.threads
    this.devices = parts.devices
    this.vectors = parts.vectors
    this.names = namesOf(parts.machine, parts.kernel, parts.vectors, parts.hypercalls)
    this.enabledNow = new Enabled(parts)
    this.effects = new Effects(parts)
    this.inside = new WorldInside(parts, this.enabledNow, this.effects, World.prototype)
    this.transitionNames = new TransitionNames(parts)
    this.actorsOf = new Actors(config)
    this.fairness = new WorldFairness(parts, this.names)
    this.load([])
  }

  get state(): Int32Array {
    return this.machine.S
  }

  /** Dangerous situations reached since this world was built. */
  get witnessed(): Set<WitnessKind> {
    return this.parts.witnesses.seen
  }

  get actors(): number {
    return this.actorsOf.count
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
    this.parts.walkers.tracer = tracer
  }

  /** Called when a hypercall returns: whose, the control state that asked for it, and its result. */
  set returned(listener: ((vcpu: number, node: number, result: number) => void) | undefined) {
    this.parts.exits.returned = listener
  }

  /** Lets the code of a vCPU go on as if the step that it asks for had come to `result`; the step is not done. */
  skip(v: number, result: number): void {
    this.threads.skip(v, result)
  }

  /** The policy's variables. */
  get shared(): Record<string, SharedWords> {
    return this.parts.kernel.shared
  }

  /** What RCU has put off under number `i`, in words. */
  tellDeferral(i: number): string {
    const name = this.parts.kernel.rcu.nameOf(i)
    return i < this.machine.tableFrames.length ? `free ${name}` : `callback of ${name}`
  }

  /** What the last operation of a vCPU returned, in a world that keeps results; 0 for nothing. */
  resultOf(v: number): number {
    return this.parts.tasks.resultOf(v)
  }

  /**
   * Gives the CPUs a workload and puts the world to its beginning. `setup` is what the CPUs have done before that, one
   * operation each, one CPU after the other and alone.
   * @throws ShootdownError if the workload is for more CPUs than the machine has
   */
  load(workload: Workload, setup: readonly Operation[] = []): void {
    const { parts } = this
    const { witnesses } = parts
    const { walkers, S } = this.machine
    if (workload.length > walkers) throw fail.workloadTooWide(this.policy.name, workload.length, walkers)
    initialize(this.machine, parts.kernel, this.policy)
    witnesses.booting = true
    if (this.policy.boot !== undefined) bootAll(parts)
    setup.forEach((operation, v) => setUp(parts, v, operation))
    witnesses.booting = false
    this.threads.load(workload)
    for (let v = 0; v < walkers; v++) this.threads.settle(v)
    this.initial = S.slice()
    this.beginnings++
    this.clearViolation()
  }

  reset(): void {
    this.machine.S.set(this.initial)
    this.parts.witnesses.couldBeAway = 0
    this.clearViolation()
  }

  final(): boolean {
    return this.threads.ended()
  }

  enabled(out: Int32Array): number {
    const count = this.enabledNow.write(out)
    this.progress = this.enabledNow.progress
    return count
  }

  apply(t: number): void {
    this.effects.apply(t)
  }

  footprint(t: number): number {
    const node = T.kindOf(t) === T.STEP ? this.threads.next(T.whoOf(t)) : -1
    return footprintOf(this.machine, this.co, t, node)
  }

  /** The operation, for a step; the kind of transition, and what it is about, for the rest. */
  site(t: number): number {
    if (T.kindOf(t) !== T.STEP || T.whoOf(t) >= this.machine.config.vcpus)
      return -1 - ((T.kindOf(t) << 8) | T.detailOf(t))
    const { nodes } = this.co
    const node = this.threads.next(T.whoOf(t))
    return (opOf(nodes, node) << 16) ^ argA(nodes, node)
  }

  /** Where each vCPU is in its code, and what tables, frames and caches hold. */
  abstraction(): number {
    const { S, frame, caches, walkers } = this.machine
    let hash = 0
    for (let v = 0; v < walkers; v++) hash = Math.imul(hash ^ this.threads.next(v), 0x9e3779b1)
    for (let at = frame; at < caches.end; at++) hash = Math.imul(hash ^ S[at], 0x9e3779b1)
    return mix(hash)
  }

  actor(t: number): number {
    return this.actorsOf.of(t)
  }

  name(t: number): string {
    return this.transitionNames.of(t)
  }

  /** The control state that a vCPU's next step comes from, or -1 for a vCPU with nothing to do. */
  nextNode(v: number): number {
    return this.threads.next(v)
  }

  deadlock(): Violation {
    return deadlockOf(this.parts, this.names)
  }
}
