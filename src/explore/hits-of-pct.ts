/**
 * The exact probability that one run of PCT hits a race. Given the order of the actors and the change points, a run is
 * determined but for the pick among several transitions of one actor. Every order of the actors that can move is taken
 * in turn; the probability of all change points together flows through the states, since a point that has not come
 * before step t is as likely to come at t as at any later of the k steps. Flows that meet in the same state with the same
 * priorities, and the same points left, are one.
 */
import { fail } from '../errors.ts'
import { permutations } from '../scenario/canonical-workload.ts'
import { Settings } from './pct-settings.ts'
import { MAX_RUN } from './run.ts'
import type { StateGraph } from './state-graph.ts'

/** Flows at one step of a run, at most: each is an entry of a table. */
const MAX_FLOWS = 2_000_000
/** 7! orders are 5,040. */
const MAX_ACTORS = 7

export interface PctShape {
  readonly depth: number
  /** The k of the paper, in steps. */
  readonly length: number
}

/** The probabilities that a run from state 0 ends with each of the graph's invariants violated. */
export function hitsOfPct(graph: StateGraph, shape: PctShape): Float64Array {
  const actors = [...new Set(graph.actor)].toSorted((a, b) => a - b)
  if (actors.length > MAX_ACTORS) throw fail.hitTooLarge('actors that can move', actors.length, MAX_ACTORS)
  const hits = new Float64Array(graph.invariants.length)
  const orders = permutations(actors.length)
  const placeOf = new Int32Array((actors.at(-1) ?? 0) + 1)
  for (const order of orders) {
    actors.forEach((actor, i) => (placeOf[actor] = order[i]))
    flow(graph, shape, new Settings(actors.length, shape.depth - 1), placeOf, hits)
  }
  return hits.map((sum) => sum / orders.length)
}

/** Adds to `hits` what the runs with one order of the actors come to; `placeOf` is the place of each in that order. */
function flow(
  { first, target, actor: actorOf, ends }: StateGraph,
  { length }: PctShape,
  settings: Settings,
  placeOf: Int32Array,
  hits: Float64Array,
): void {
  /** The probability of each state and setting: setting + state * room. */
  let here = new Map<number, number>()
  let next = new Map<number, number>()
  const put = (state: number, setting: number, mass: number): void => {
    const end = state < 0 ? state : ends[state]
    if (end < 0) hits[-1 - end] += mass
    else if (first[state] < first[state + 1]) {
      const key = state * settings.room + setting
      next.set(key, (next.get(key) ?? 0) + mass)
    }
  }
  put(0, 0, 1)
  for (let step = 0; step < MAX_RUN && next.size > 0; step++) {
    if (next.size > MAX_FLOWS) throw fail.hitTooLarge('flows at one step', next.size, MAX_FLOWS)
    ;[here, next] = [next, here]
    next.clear()
    const comes = step < length ? 1 / (length - step) : 0
    for (const [key, mass] of here) {
      const setting = key % settings.room
      const state = (key - setting) / settings.room
      const [from, to] = [first[state], first[state + 1]]
      let place = -1
      let picks = 0
      for (let edge = from, highest = -1; edge < to; edge++) {
        const challenger = placeOf[actorOf[edge]]
        const priority = settings.priority(setting, challenger)
        if (priority > highest) {
          highest = priority
          place = challenger
          picks = 0
        }
        if (priority === highest) picks++
      }
      settings.after(setting, place, comes, (after, probability) => {
        const part = (mass * probability) / picks
        for (let edge = from; edge < to; edge++)
          if (placeOf[actorOf[edge]] === place) put(target[edge], after, part)
      })
    }
  }
}
