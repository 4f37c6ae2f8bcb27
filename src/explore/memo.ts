/**
 * A system that remembers. What a transition does depends on the state alone, so a state that was met before need not
 * be computed again: its enabled transitions, and where each leads, are kept in flat arrays, and a run over known
 * ground is a walk over integers. Worth its while where one workload is run many times. States beyond its limit are
 * not kept; a run that leaves known ground for good goes on as it would without.
 */
import { enlarged } from '../engine/enlarged.ts'
import { EVERYTHING } from '../engine/footprint.ts'
import { Widened, type Packer } from '../engine/pack.ts'
import { StateSet } from '../engine/state-set.ts'
import { MAX_ENABLED, type System, type Violation } from '../engine/system.ts'
import { Answers } from './answers.ts'
import { learn } from './learn.ts'

/** States kept, at most; past it, new ones are computed and forgotten. */
const MAX_NODES = 1 << 18

/** Edge target that was not followed yet. */
const UNKNOWN = -1
/** Target of an edge that violates: `VIOLATES - k` is the k-th violation met. */
const VIOLATES = -2

export class Memo implements System {
  readonly actors: number
  readonly beginnings = 0
  progress = 0
  violation: Violation | undefined
  readonly original: System
  private readonly system: System
  private readonly answers: Answers
  private readonly packer: Packer
  private visited: StateSet
  /** Where the run is: a known state, or -1 for unknown ground, where the system itself is. */
  private node = -1
  private root = -1
  /** By state: its edges, how many of them are progress, and whether it is final. */
  private first = new Int32Array(1 << 10)
  private count = new Int32Array(1 << 10)
  private progressOf = new Int32Array(1 << 10)
  private finalOf = new Uint8Array(1 << 10)
  private edges = 0
  private transitionOf = new Int32Array(1 << 12)
  private targetOf = new Int32Array(1 << 12)
  private violations: Violation[] = []
  /** The edge that was asked for last: strategies ask for one after the other. */
  private cursor = 0
  private readonly scratch = new Int32Array(MAX_ENABLED)

  /** `system` must be at the beginning of what is to be run many times. */
  constructor(system: System) {
    this.system = this.original = system
    this.answers = new Answers(system)
    this.actors = system.actors
    this.packer = learn(system)
    this.visited = new StateSet(this.packer.bytes)
    this.begin()
  }

  get state(): Int32Array {
    this.materialize()
    return this.system.state
  }

  reset(): void {
    this.node = this.root
    this.clearViolation()
    if (this.node < 0) this.system.reset()
  }

  enabled(out: Int32Array): number {
    if (this.node < 0) {
      const count = this.system.enabled(out)
      this.progress = this.system.progress
      return count
    }
    const from = this.first[this.node]
    const count = this.count[this.node]
    for (let i = 0; i < count; i++) out[i] = this.transitionOf[from + i]
    this.progress = this.progressOf[this.node]
    return count
  }

  apply(transition: number): void {
    if (this.node < 0) return this.applyItself(transition)
    let edge = this.first[this.node]
    while (this.transitionOf[edge] !== transition) edge++
    const target = this.targetOf[edge]
    if (target >= 0) this.node = target
    else if (target === UNKNOWN) this.follow(edge, transition)
    else this.violation = this.violations[VIOLATES - target]
  }

  clearViolation(): void {
    this.violation = undefined
    this.system.clearViolation()
  }

  final(): boolean {
    return this.node < 0 ? this.system.final() : this.finalOf[this.node] === 1
  }

  deadlock(): Violation {
    this.materialize()
    return this.system.deadlock()
  }

  actor(transition: number): number {
    return this.system.actor(transition)
  }

  name(transition: number): string {
    return this.system.name(transition)
  }

  footprint(transition: number): number {
    if (this.node < 0) return this.system.footprint?.(transition) ?? EVERYTHING
    return this.answers.footprint(this.edgeOf(transition))
  }

  site(transition: number): number {
    if (this.node < 0) return this.system.site?.(transition) ?? 0
    return this.answers.site(this.edgeOf(transition))
  }

  abstraction(): number {
    const { node, answers } = this
    if (node < 0) return this.system.abstraction?.() ?? 0
    if (!answers.knowsState(node)) {
      this.materialize()
      answers.lookAtState(node)
    }
    return answers.abstraction(node)
  }

  /** The edge of a transition that is enabled in a known state, whose edges have been looked at. */
  private edgeOf(transition: number): number {
    const { node, answers, transitionOf } = this
    const first = this.first[node]
    const end = first + this.count[node]
    if (!answers.knowsEdges(node)) {
      this.materialize()
      answers.lookAtEdges(node, transitionOf, first, end)
    }
    let edge = this.cursor >= first && this.cursor < end ? this.cursor : first
    while (transitionOf[edge] !== transition) edge = edge + 1 === end ? first : edge + 1
    this.cursor = edge
    return edge
  }

  /** Forgets everything and puts the beginning back as the first known state. */
  private begin(): void {
    this.visited = new StateSet(this.packer.bytes)
    this.edges = 0
    this.violations = []
    this.answers.forget()
    this.system.reset()
    this.node = -1
    this.root = this.know()
    this.node = this.root
  }

  /** Puts the system itself into the state of the run. */
  private materialize(): void {
    if (this.node < 0) return
    this.visited.fetch(this.node)
    this.packer.unpack(this.visited.probe, this.system.state)
  }

  private applyItself(transition: number): void {
    this.system.apply(transition)
    this.violation = this.system.violation
  }

  /** Takes a transition for the first time, and remembers where it led. */
  private follow(edge: number, transition: number): void {
    this.materialize()
    this.applyItself(transition)
    if (this.violation !== undefined) {
      this.targetOf[edge] = VIOLATES - (this.violations.push(this.violation) - 1)
      this.system.clearViolation()
      return
    }
    const target = this.know()
    if (target >= 0) this.targetOf[edge] = target
    this.node = target
  }

  /** The number of the state that the system is in, which becomes known; -1 if there is no room for it. */
  private know(): number {
    try {
      this.packer.pack(this.system.state, this.visited.probe)
    } catch (thrown) {
      if (!(thrown instanceof Widened)) throw thrown
      // The packed form has changed, so nothing kept can be compared any more. This run goes on as it is.
      const here = this.system.state.slice()
      this.begin()
      this.system.state.set(here)
      return -1
    }
    if (this.visited.count >= MAX_NODES) return -1
    const node = this.visited.add()
    if (node < 0) return -1 - node
    this.describe(node)
    return node
  }

  private describe(node: number): void {
    if (node === this.first.length) {
      this.first = enlarged(this.first)
      this.count = enlarged(this.count)
      this.progressOf = enlarged(this.progressOf)
      this.finalOf = enlarged(this.finalOf)
    }
    const { scratch } = this
    const count = this.system.enabled(scratch)
    while (this.edges + count > this.transitionOf.length) {
      this.transitionOf = enlarged(this.transitionOf)
      this.targetOf = enlarged(this.targetOf)
    }
    this.first[node] = this.edges
    this.count[node] = count
    this.progressOf[node] = this.system.progress
    this.finalOf[node] = this.system.final() ? 1 : 0
    for (let i = 0; i < count; i++) {
      this.transitionOf[this.edges + i] = scratch[i]
      this.targetOf[this.edges + i] = UNKNOWN
    }
    this.edges += count
  }
}
