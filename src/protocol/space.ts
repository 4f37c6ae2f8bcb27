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
import { SpaceInside } from './inside.ts'
import { ENDED, type Protocol } from './protocol.ts'
import { SCHEDULE, PREEMPT, STEP, detailOf, kindOf, whoOf } from './transition.ts'

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
  readonly inside: SpaceInside
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
    this.inside = new SpaceInside(this, Space.prototype)
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
    const { sources, progressing } = this.inside
    let n = 0
    for (let i = 0; i < progressing; i++) n = sources[i](out, n)
    this.progress = n
    for (let i = progressing; i < sources.length; i++) n = sources[i](out, n)
    return n
  }

  apply(t: number): void {
    this.inside.take(t)
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
}
