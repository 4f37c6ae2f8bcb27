/**
 * The steps of a race, and taking them again in other circumstances. A step is what a corpus case keeps of it: who moves
 * (the transition), and what the code asks for in it; what comes of it may differ. Taken again, a step is *possible* if
 * its transition is, and if the code then asks for the same.
 */
import { MAX_ENABLED } from '../engine/system.ts'
import { tellTransition, type Row } from '../report/story.ts'
import type { Race } from '../scenario/race.ts'
import type { World } from '../scenario/world.ts'
import { Worlds } from '../scenario/worlds.ts'

export interface RaceStep {
  /** Its place in the race's schedule, from 0. */
  readonly at: number
  readonly transition: number
  /** Who takes it: each actor's steps have an order that no schedule changes. */
  readonly actor: number
  readonly row: Row
  /** The state of the world before it. */
  readonly before: Int32Array
}

/** How things stand after some steps. */
export type Standing =
  /** The race's invariant is broken. */
  | 'broken'
  /** Another one is: nothing that comes later counts. */
  | 'broken otherwise'
  | 'sound'

/** More transitions were tried than anybody wants to wait for. */
export class Spent extends Error {}

/** A race on a world of its own, step by step, in any order. */
export class Rerun {
  readonly world: World
  readonly steps: readonly RaceStep[]
  private readonly invariant: string
  private readonly enabled = new Int32Array(MAX_ENABLED)
  /** The state before a step that is tried. */
  private readonly saved: Int32Array
  private left: number

  /** @throws Spent once more than `maxTransitions` are taken. */
  constructor(race: Race, maxTransitions: number) {
    const world = (this.world = new Worlds(race.policy, race.bounds).at(race.workload))
    this.invariant = race.violation.invariant
    this.left = maxTransitions
    this.saved = world.state.slice()
    this.steps = Array.from(race.schedule, (transition, at) => {
      const before = world.state.slice()
      return { at, transition, actor: world.actor(transition), row: this.tell(transition), before }
    })
    world.clearViolation()
  }

  /** Puts the world into a state. */
  put(state: Int32Array): void {
    this.world.state.set(state)
    this.world.clearViolation()
  }

  /** Takes a step if it is possible; if it is not, the world stays as it is. */
  take({ transition, row }: RaceStep): boolean {
    const { world, enabled } = this
    const count = world.enabled(enabled)
    if (!enabled.subarray(0, count).includes(transition)) return false
    this.saved.set(world.state)
    if (this.tell(transition).main.asked === row.main.asked) return true
    this.put(this.saved)
    return false
  }

  /** Whether an invariant is broken now, and which. A state in which nobody can go on is judged as a search does. */
  standing(): Standing {
    const { world } = this
    let { violation } = world
    if (violation === undefined) {
      world.enabled(this.enabled)
      if (world.progress === 0 && !world.final()) violation = world.deadlock()
    }
    if (violation === undefined) return 'sound'
    return violation.invariant === this.invariant ? 'broken' : 'broken otherwise'
  }

  private tell(transition: number): Row {
    if (this.left-- === 0) throw new Spent()
    return tellTransition(this.world, transition)
  }
}
