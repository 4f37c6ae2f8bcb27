/**
 * The steps of a race by actor: a lane each, in the order of the race. Where an order of the steps has come to is how
 * many of each lane it has taken.
 */
import type { RaceStep } from './steps.ts'

/** A set of steps has a bit for each. */
export const bit = (step: number): bigint => 1n << BigInt(step)

export class Lanes {
  private readonly lanes: readonly (readonly RaceStep[])[]
  /** By step: its lane, and its place in it. */
  private readonly places: readonly { readonly lane: number; readonly place: number }[]

  constructor(steps: readonly RaceStep[]) {
    const actors = [...new Set(steps.map(({ actor }) => actor))]
    this.lanes = actors.map((actor) => steps.filter((step) => step.actor === actor))
    this.places = steps.map((step) => {
      const lane = actors.indexOf(step.actor)
      return { lane, place: this.lanes[lane].indexOf(step) }
    })
  }

  get count(): number {
    return this.lanes.length
  }

  /** Nothing was taken yet. */
  get none(): readonly number[] {
    return this.lanes.map(() => 0)
  }

  laneOf(step: number): number {
    return this.places[step].lane
  }

  /** The next step of each lane that has one. */
  next(taken: readonly number[]): [lane: number, step: RaceStep][] {
    return this.lanes.flatMap((lane, i): [number, RaceStep][] =>
      taken[i] < lane.length ? [[i, lane[taken[i]]]] : [],
    )
  }

  advance(taken: readonly number[], lane: number): readonly number[] {
    return taken.with(lane, taken[lane] + 1)
  }

  /** The steps that are left. */
  left(taken: readonly number[]): bigint {
    return this.lanes.flatMap((lane, i) => lane.slice(taken[i])).reduce((set, step) => set | bit(step.at), 0n)
  }

  /** The steps of a lane up to one, and that one. */
  upTo({ at }: RaceStep): bigint {
    const { lane, place } = this.places[at]
    return this.lanes[lane].slice(0, place + 1).reduce((set, step) => set | bit(step.at), 0n)
  }

  /** In how many orders the steps that are left can come, if nothing but their lanes orders them. */
  orders(taken: readonly number[]): bigint {
    let ways = 1n
    let steps = 0n
    this.lanes.forEach((lane, i) => {
      for (let n = 1n; n <= BigInt(lane.length - taken[i]); n++) {
        steps++
        ways = (ways * steps) / n
      }
    })
    return ways
  }
}
