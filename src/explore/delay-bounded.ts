/**
 * Delay-bounded search: Emmi, Qadeer and Rakamaric, "Delay-bounded scheduling" (POPL 2011). A deterministic scheduler
 * runs each actor until it has to wait, and then the next one in a circle. A delay passes over the actor whose turn it
 * is; there are at most so many of them. Few delays reach most defects, and however many actors there are, a delay has
 * one outcome.
 *
 * Where it differs: runs are drawn at random within the bound, not enumerated; delays are at steps drawn from the
 * longest run so far. The circle goes from the last actor to the first, the reverse of the order in which most systems
 * begin, for that one works. What the environment may do is passed over by the scheduler and comes about by delays alone.
 */
import { Random } from '../engine/random.ts'
import { ChangePoints } from './change-points.ts'
import type { System } from '../engine/system.ts'
import type { Strategy } from './strategy.ts'

export function delayBounded(seed: number, bound = 2): Strategy {
  const random = new Random(seed)
  const points = new ChangePoints(random, bound)
  let turn = 0
  return {
    name: 'delay',
    begin({ actors }) {
      points.begin()
      turn = actors - 1
    },
    choose(enabled, count, system) {
      const { actors, progress } = system
      let delays = points.here()
      let picked = nextFrom(turn, enabled, progress, system, random)
      for (; delays > 0; delays--) {
        const passed = system.actor(enabled[picked])
        picked = nextFrom((passed + actors - 1) % actors, enabled, count, system, random)
      }
      if (picked < progress) turn = system.actor(enabled[picked])
      return picked
    },
    end: (steps) => points.end(steps),
  }
}

/** The enabled transition, of the first `count`, whose actor is the first in the circle from `turn` on. */
function nextFrom(turn: number, enabled: Int32Array, count: number, system: System, random: Random): number {
  const { actors } = system
  let nearest = actors
  let picked = 0
  let same = 1
  for (let i = 0; i < count; i++) {
    const distance = (turn - system.actor(enabled[i]) + actors) % actors
    if (distance < nearest) {
      nearest = distance
      picked = i
      same = 1
    } else if (distance === nearest && random.below(++same) === 0) picked = i
  }
  return picked
}
