/** What goes on inside the space of a protocol: who can step, who can be taken away, and what that does to the state. */
import { argA, argB, argC, opOf } from '../engine/coroutine.ts'
import { Experience } from '../engine/experience.ts'
import type { Inside, Methods, Note, Source } from '../engine/inside.ts'
import { standIn } from '../engine/observation.ts'
import { ENDED, PICK } from './protocol.ts'
import type { Space } from './space.ts'
import { PREEMPT, SCHEDULE, STEP, detailOf, kindOf, transition, whoOf } from './transition.ts'

export class SpaceInside implements Inside {
  readonly rests = false
  readonly experience = new Experience()
  readonly sources: readonly Source[]
  readonly progressing: number
  readonly methods: Methods
  words: Int32Array
  private readonly space: Space
  /** The part of the words that actions, guards and predicates see, and what stands in for it under observation. */
  private variables: Int32Array
  private readonly seen: Int32Array

  constructor(space: Space, methods: Methods) {
    this.space = space
    this.methods = methods
    this.words = space.state
    this.variables = space.variables
    const { cpuOf, cpus } = space
    this.seen = standIn(space.control, {
      read: (word) => this.words[word],
      write: (word, value) => void (this.words[word] = value),
      other: (key) => Reflect.get(this.words, key) as unknown,
    })
    const steps = Array.from(
      cpuOf,
      (_, thread): Source =>
        (out, n) =>
          this.addSteps(thread, out, n),
    )
    const schedules: Source[] = cpus === 0 ? [] : [(out, n) => this.addSchedules(out, n)]
    const preempts: Source[] = cpus === 0 ? [] : [(out, n) => this.addPreempts(out, n)]
    this.progressing = steps.length + schedules.length
    this.sources = [...steps, ...schedules, ...preempts]
  }

  get size(): number {
    return this.space.state.length
  }

  take(t: number): void {
    const { words: S, space } = this
    const { gone, taken } = space
    const who = whoOf(t)
    switch (kindOf(t)) {
      case STEP:
        return this.step(who, detailOf(t))
      case SCHEDULE:
        S[gone + who] = 0
        return
      default:
        S[gone + who] = 1
        S[taken]++
    }
  }

  /** The notes are none: what a protocol does beside the state is violate. */
  through(seen: Int32Array, _note: (note: Note) => void, run: () => void): void {
    const { words, variables } = this
    this.words = seen
    this.variables = this.seen
    try {
      run()
    } finally {
      this.words = words
      this.variables = variables
    }
  }

  private addSteps(thread: number, out: Int32Array, count: number): number {
    const { words: S, variables, space } = this
    const { control, gone, cpus, cpuOf, co, protocol } = space
    const { nodes } = co
    const node = S[control + thread]
    if (node === ENDED || (cpus > 0 && S[gone + cpuOf[thread]] !== 0)) return count
    const op = opOf(nodes, node)
    const guard = protocol.guards[op]
    if (guard !== undefined && !guard(variables, argA(nodes, node), argB(nodes, node), argC(nodes, node)))
      return count
    const outcomes = op === PICK ? argA(nodes, node) : 1
    for (let i = 0; i < outcomes; i++) out[count + i] = transition(STEP, thread, i)
    return count + outcomes
  }

  private addSchedules(out: Int32Array, count: number): number {
    const { words: S, space } = this
    let n = count
    for (let cpu = 0; cpu < space.cpus; cpu++)
      if (S[space.gone + cpu] !== 0) out[n++] = transition(SCHEDULE, cpu)
    return n
  }

  private addPreempts(out: Int32Array, count: number): number {
    const { words: S, space } = this
    if (S[space.taken] >= space.protocol.preemptions) return count
    let n = count
    for (let cpu = 0; cpu < space.cpus; cpu++)
      if (S[space.gone + cpu] === 0) out[n++] = transition(PREEMPT, cpu)
    return n
  }

  private step(thread: number, alternative: number): void {
    const { words: S, variables, space } = this
    const { control, protocol, co } = space
    const { nodes } = co
    const node = S[control + thread]
    const op = opOf(nodes, node)
    const result =
      op === PICK
        ? alternative
        : protocol.actions[op]!(variables, argA(nodes, node), argB(nodes, node), argC(nodes, node))
    space.tracer?.(thread, node, result ?? 0)
    S[control + thread] = space.settled(co.next(node, result ?? 0))
    space.violation = protocol.violation
    for (const { name, holds } of protocol.nevers)
      if (holds(variables)) space.violation ??= { invariant: name, explanation: `${name} does not hold.` }
  }
}
