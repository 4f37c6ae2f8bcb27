/**
 * The state space of a protocol with reductions: a system like any other, with fewer states.
 */
import { Random } from '../engine/random.ts'
import { MAX_ENABLED, type System, type Violation } from '../engine/system.ts'
import { Restart } from '../engine/restart.ts'
import type { Space } from '../protocol/space.ts'
import { controlGraph } from './control-graph.ts'
import { CpuSymmetry } from './cpu-symmetry.ts'
import { Effects } from './effects.ts'
import { Futures } from './futures.ts'
import { Order } from './order.ts'
import { Steps } from './steps.ts'

/** Random walks that teach what steps touch before a search relies on it, and their steps, at most. */
const WALKS = 64
const WALK_STEPS = 200

/** See `Reductions`. */
export interface SpaceReductions {
  readonly schedules: boolean
  readonly order: boolean
  readonly cpus: boolean
}

export class ReducedSpace implements System {
  readonly state: Int32Array
  readonly actors: number
  readonly beginnings = 1
  progress = 0
  sufficient = 0
  private readonly space: Space
  private readonly delays: boolean
  private readonly steps: Steps | undefined
  private readonly futures: Futures | undefined
  private readonly order: Order | undefined
  private readonly symmetry: CpuSymmetry | undefined

  constructor(space: Space, { schedules, order, cpus }: SpaceReductions) {
    this.space = space
    this.state = space.state
    this.actors = space.actors
    this.delays = !schedules
    space.reset()
    if (!order && !cpus) return
    const effects = new Effects(space)
    const graph = controlGraph(space)
    this.symmetry = cpus ? CpuSymmetry.of(space, effects, graph) : undefined
    this.steps = new Steps(space, effects)
    if (order) {
      this.futures = new Futures(graph, effects)
      this.order = new Order(space, this.steps, this.futures, this.delays)
    }
    this.warmUp(this.steps)
  }

  get violation(): Violation | undefined {
    return this.space.violation
  }

  reset(): void {
    this.space.reset()
    this.symmetry?.canonicalize()
  }

  enabled(out: Int32Array): number {
    const { space } = this
    const all = space.enabled(out)
    this.progress = space.progress
    // What is no progress is the host taking a CPU away: an action sees the variables alone, so nobody notices.
    const count = this.delays ? all : space.progress
    this.steps?.look(out, count)
    if (this.takesNotice()) throw new Restart()
    this.sufficient = this.order === undefined ? count : this.order.choose(out, count)
    return count
  }

  apply(transition: number): void {
    this.space.apply(transition)
    this.symmetry?.canonicalize()
  }

  clearViolation(): void {
    this.space.clearViolation()
  }

  final(): boolean {
    return this.space.final()
  }

  deadlock(): Violation {
    return this.space.deadlock()
  }

  actor(transition: number): number {
    return this.space.actor(transition)
  }

  name(transition: number): string {
    return this.space.name(transition)
  }

  /** Takes notice of what was learned about steps; true if there is anything. */
  private takesNotice(): boolean {
    const { steps, symmetry } = this
    const effects = steps?.taught === true
    const alike = symmetry?.taught === true
    if (effects) {
      steps.taught = false
      this.futures?.update()
    }
    if (alike) symmetry.update()
    return alike || (effects && this.order !== undefined)
  }

  private warmUp(steps: Steps): void {
    const { space } = this
    const random = new Random(1)
    const enabled = new Int32Array(MAX_ENABLED)
    for (let walk = 0; walk < WALKS; walk++) {
      space.reset()
      for (let step = 0; step < WALK_STEPS; step++) {
        const count = space.enabled(enabled)
        steps.look(enabled, count)
        if (space.progress === 0) break
        space.apply(enabled[random.below(count)])
        space.clearViolation()
      }
    }
    space.reset()
    this.takesNotice()
  }
}
