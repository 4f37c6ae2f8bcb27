/**
 * The state space of a protocol, as a system that can be explored. The state is the protocol's variables, the control
 * state of each thread, and, where a host takes CPUs away, which ones are gone and how often it did so.
 */
import { argA, argB, argC, Coroutines, opOf } from '../engine/coroutine.ts'
import { EVERYTHING, NOTHING } from '../engine/footprint.ts'
import { mix } from '../engine/mix.ts'
import { RETURN } from '../engine/step.ts'
import type { FairSystem } from '../engine/fairness.ts'
import type { Violation } from '../engine/system.ts'
import { SpaceFairness } from './fairness.ts'
import { PICK, type Protocol } from './protocol.ts'
import { PREEMPT, SCHEDULE, STEP, detailOf, kindOf, transition, whoOf } from './transition.ts'

/** The control state of a thread that has ended. */
export const ENDED = 0

/** What a state without progress violates, unless all threads have ended. */
export const DEADLOCK = 'no-deadlock'

export class Space implements FairSystem {
  readonly co = new Coroutines()
  readonly protocol: Protocol
  readonly state: Int32Array
  /** The part of the state that actions, guards and predicates see: the protocol's variables and nothing else. */
  readonly variables: Int32Array
  readonly actors: number
  readonly beginnings = 1
  progress = 0
  violation: Violation | undefined
  readonly fairness: SpaceFairness
  /** Called for every step that is done, for telling a story. */
  tracer: ((thread: number, node: number, result: number) => void) | undefined
  /** CPUs that a host can take away: all of them or none. */
  readonly cpus: number
  /** First words: control states by thread, whether a CPU is gone, how often one was taken away. */
  readonly control: number
  readonly gone: number
  readonly taken: number
  readonly cpuOf: Int32Array
  private readonly initial: Int32Array
  /** All ends of a thread are one. */
  readonly settled = (node: number): number => (opOf(this.co.nodes, node) === RETURN.code ? ENDED : node)

  constructor(protocol: Protocol) {
    const { name, threads, preemptions } = protocol
    this.protocol = protocol
    this.cpuOf = Int32Array.from(threads, ({ cpu }) => cpu)
    this.cpus = preemptions > 0 ? Math.max(0, ...this.cpuOf) + 1 : 0
    this.actors = threads.length + (preemptions > 0 ? 1 : 0)
    this.control = protocol.initial.length
    this.gone = this.control + threads.length
    this.taken = this.gone + this.cpus
    const roots = threads.map((thread) => this.settled(this.co.root(`${name}: ${thread.name}`, thread.code)))
    const host = preemptions > 0 ? [...Array<number>(this.cpus).fill(0), 0] : []
    this.initial = Int32Array.from([...protocol.initial, ...roots, ...host])
    this.state = this.initial.slice()
    this.variables = this.state.subarray(0, this.control)
    this.fairness = new SpaceFairness({
      protocol,
      stepOf: (thread) => opOf(this.co.nodes, this.state[this.control + thread]),
      unfinished: () => this.unfinished(),
    })
  }

  reset(): void {
    this.state.set(this.initial)
    this.clearViolation()
  }

  clearViolation(): void {
    this.violation = this.protocol.violation = undefined
  }

  enabled(out: Int32Array): number {
    const { state: S, variables, control, gone, cpus, cpuOf } = this
    const { guards, preemptions } = this.protocol
    const { nodes } = this.co
    let n = 0
    for (let thread = 0; thread < cpuOf.length; thread++) {
      const node = S[control + thread]
      if (node === ENDED || (cpus > 0 && S[gone + cpuOf[thread]] !== 0)) continue
      const op = opOf(nodes, node)
      const guard = guards[op]
      if (guard !== undefined && !guard(variables, argA(nodes, node), argB(nodes, node), argC(nodes, node)))
        continue
      const outcomes = op === PICK ? argA(nodes, node) : 1
      for (let i = 0; i < outcomes; i++) out[n++] = transition(STEP, thread, i)
    }
    for (let cpu = 0; cpu < cpus; cpu++) if (S[gone + cpu] !== 0) out[n++] = transition(SCHEDULE, cpu)
    this.progress = n
    if (cpus === 0 || S[this.taken] >= preemptions) return n
    for (let cpu = 0; cpu < cpus; cpu++) if (S[gone + cpu] === 0) out[n++] = transition(PREEMPT, cpu)
    return n
  }

  apply(t: number): void {
    const { state: S, gone } = this
    const who = whoOf(t)
    switch (kindOf(t)) {
      case STEP:
        this.step(who, detailOf(t))
        break
      case SCHEDULE:
        S[gone + who] = 0
        break
      default:
        S[gone + who] = 1
        S[this.taken]++
    }
  }

  /** True when every thread has ended that somebody waits for. */
  final(): boolean {
    return this.protocol.threads.every(({ daemon }, i) => daemon || this.state[this.control + i] === ENDED)
  }

  deadlock(): Violation {
    return { invariant: DEADLOCK, explanation: `${this.unfinished()} can never go on.` }
  }

  /** Names of the threads that somebody waits for and that have not ended. */
  private unfinished(): string {
    const { threads } = this.protocol
    return threads
      .filter(({ daemon }, i) => !daemon && this.state[this.control + i] !== ENDED)
      .map(({ name }) => name)
      .join(', ')
  }

  actor(t: number): number {
    return kindOf(t) === STEP ? whoOf(t) : this.cpuOf.length
  }

  name(t: number): string {
    const who = whoOf(t)
    if (kindOf(t) === SCHEDULE) return `schedule cpu${who}`
    if (kindOf(t) === PREEMPT) return `preempt cpu${who}`
    const { name } = this.protocol.threads[who]
    return detailOf(t) === 0 ? name : `${name} alternative ${detailOf(t)}`
  }

  /** What the step's declaration says; what the host does touches nothing but itself. */
  footprint(t: number): number {
    if (kindOf(t) !== STEP) return NOTHING
    const { nodes } = this.co
    const node = this.state[this.control + whoOf(t)]
    const touch = this.protocol.footprints[opOf(nodes, node)]
    return touch === undefined ? EVERYTHING : touch(argA(nodes, node), argB(nodes, node), argC(nodes, node))
  }

  /** The kind of step, as it was declared. */
  site(t: number): number {
    if (kindOf(t) !== STEP) return -kindOf(t)
    return opOf(this.co.nodes, this.state[this.control + whoOf(t)])
  }

  /** Control states of the threads, whichever thread is in which, and the variables. */
  abstraction(): number {
    const { state: S, control, gone } = this
    let threads = 0
    for (let i = control; i < gone; i++) threads = (threads + mix(S[i])) | 0
    let hash = threads
    for (let i = 0; i < control; i++) hash = Math.imul(hash ^ S[i], 0x9e3779b1)
    return mix(hash)
  }

  private step(thread: number, alternative: number): void {
    const { state: S, variables, control, protocol, co } = this
    const { nodes } = co
    const node = S[control + thread]
    const op = opOf(nodes, node)
    const result =
      op === PICK
        ? alternative
        : protocol.actions[op]!(variables, argA(nodes, node), argB(nodes, node), argC(nodes, node))
    this.tracer?.(thread, node, result ?? 0)
    S[control + thread] = this.settled(co.next(node, result ?? 0))
    this.violation = protocol.violation
    if (protocol.nevers.length > 0) this.judge()
  }

  private judge(): void {
    for (const { name, holds } of this.protocol.nevers) {
      if (holds(this.variables)) this.violation ??= { invariant: name, explanation: `${name} does not hold.` }
    }
  }
}
