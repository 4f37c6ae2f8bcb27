/**
 * PCT: Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler with probabilistic guarantees of finding
 * bugs" (ASPLOS 2010). The n actors get the priorities d to d+n-1 in random order, and the enabled actor of highest
 * priority takes each step. There are d-1 change points, steps drawn from the k of a run in no order: the actor that
 * takes the step of the i-th gets priority i, which is below all that actors begin with. A bug of depth d is hit with
 * probability at least 1 / (n k^(d-1)).
 *
 * Where it differs: hardware walkers and the host are actors like CPUs; where k is not given, it is the longest run seen
 * so far, so that the first run has no change points; among several transitions of one actor (an interrupt or the next
 * step) the pick is uniform.
 */
import { Random } from '../engine/random.ts'
import type { System } from '../engine/system.ts'
import { highest } from './highest.ts'
import type { Strategy } from './strategy.ts'

const NEVER = -1

/** Depth of the races that are looked for, unless said otherwise. */
export const PCT_DEPTH = 3

/** `length` is the k of the paper, in steps; without it, the strategy learns it from its runs. */
export function pct(seed: number, depth = PCT_DEPTH, length?: number): Strategy {
  const random = new Random(seed)
  /** Priority by actor. */
  let priority = new Int32Array(0)
  /** Steps at which a priority changes: to i at the i-th, counted from 1. */
  const changes = new Int32Array(depth - 1)
  let step = 0
  let longest = length ?? 0
  return {
    name: 'pct',
    promises: [{ depth, oneIn: 1 }],
    begin({ actors }: System) {
      if (priority.length !== actors) priority = new Int32Array(actors)
      for (let i = 0; i < actors; i++) {
        const other = random.below(i + 1)
        priority[i] = priority[other]
        priority[other] = depth + i
      }
      for (let i = 0; i < changes.length; i++) changes[i] = longest === 0 ? NEVER : random.below(longest)
      step = 0
    },
    choose(enabled, count, system) {
      const best = highest(enabled, count, system, priority, random)
      for (let i = 0; i < changes.length; i++) {
        if (changes[i] === step) priority[system.actor(enabled[best])] = i + 1
      }
      step++
      return best
    },
    end(steps) {
      if (length === undefined) longest = Math.max(longest, steps)
    },
  }
}
