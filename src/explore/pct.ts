/**
 * PCT: Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler with probabilistic guarantees of finding
 * bugs" (ASPLOS 2010). Each actor gets a random priority, the enabled actor of highest priority runs, and at d-1 random
 * steps the priority of the running actor drops below all others. A bug of depth d in a run of k steps with n actors is
 * hit with probability at least 1 / (n k^(d-1)).
 *
 * Where it differs: hardware walkers and the host are actors like CPUs; k is the longest run seen so far rather than
 * given; among several transitions of one actor (an interrupt or the next step) the pick is uniform.
 */
import { Random } from '../engine/random.ts'
import type { System } from '../engine/system.ts'
import type { Strategy } from './strategy.ts'

export function pct(seed: number, depth = 3): Strategy {
  const random = new Random(seed)
  /** Priority by actor; drops are negative, so they lie below every initial priority. */
  let priority = new Float64Array(0)
  const dropsAt: number[] = []
  let step = 0
  let longest = 32
  let drops = 0
  return {
    name: 'pct',
    begin(system: System) {
      if (priority.length !== system.actors) priority = new Float64Array(system.actors)
      for (let i = 0; i < priority.length; i++) priority[i] = 1 + random.below(60000)
      for (let i = 0; i < depth - 1; i++) dropsAt[i] = random.below(longest)
      step = 0
      drops = 0
    },
    choose(enabled, count, system) {
      let best = -1
      let same = 0
      for (let i = 0; i < count; i++) {
        const challenger = priority[system.actor(enabled[i])]
        const reigning = best < 0 ? -Infinity : priority[system.actor(enabled[best])]
        if (challenger > reigning) {
          best = i
          same = 1
        } else if (challenger === reigning && random.below(++same) === 0) best = i
      }
      if (dropsAt.includes(step)) priority[system.actor(enabled[best])] = -++drops
      step++
      return best
    },
    end(steps) {
      if (steps > longest) longest = Math.min(steps, 60000)
    },
  }
}
