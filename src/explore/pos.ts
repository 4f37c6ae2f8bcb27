/**
 * POS: Yuan, Yang and Gu, "Partial order aware concurrency sampling" (CAV 2018). Every pending step has a random
 * priority, and the highest goes first. When a step has been taken, those that race with it draw anew: which of two
 * racing steps came first says nothing of who wins the next race, so partial orders are sampled more evenly than by a
 * random walk, which counts interleavings.
 *
 * Where it differs: a priority belongs to an actor and stands for whatever the actor would do next; among several
 * transitions of one actor (an interrupt or the next step) the pick is uniform. Steps that are not enabled, those that
 * wait for a lock, keep their priority.
 */
import { conflict, EVERYTHING } from '../engine/footprint.ts'
import { Random } from '../engine/random.ts'
import { highest } from './highest.ts'
import type { Strategy } from './strategy.ts'

export function pos(seed: number): Strategy {
  const random = new Random(seed)
  /** Priority by actor of what it would do next. */
  let priority = new Int32Array(0)
  return {
    name: 'pos',
    begin({ actors }) {
      if (priority.length !== actors) priority = new Int32Array(actors)
      for (let i = 0; i < actors; i++) priority[i] = random.next()
    },
    choose(enabled, count, system) {
      const best = highest(enabled, count, system, priority, random)
      const mover = system.actor(enabled[best])
      const touched = system.footprint?.(enabled[best]) ?? EVERYTHING
      for (let i = 0; i < count; i++) {
        const actor = system.actor(enabled[i])
        if (actor !== mover && conflict(touched, system.footprint?.(enabled[i]) ?? EVERYTHING))
          priority[actor] = random.next()
      }
      priority[mover] = random.next()
      return best
    },
    end: () => {},
  }
}
