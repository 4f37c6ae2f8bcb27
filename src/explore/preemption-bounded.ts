/**
 * Preemption-bounded search: Musuvathi and Qadeer, "Iterative context bounding for systematic testing of multithreaded
 * programs" (PLDI 2007), the search of CHESS. An actor goes on until it has to wait; then any other may be next, which
 * costs nothing. Taking a turn from one that could go on is a preemption, and there are at most so many of them.
 *
 * Where it differs: runs are drawn at random within the bound, not enumerated; the preemptions are at steps drawn from
 * the longest run so far, to an actor drawn evenly. What the environment may do counts as a preemption, and the actor
 * that was moving goes on after it. Among several transitions of one actor the pick is uniform.
 */
import { Random } from '../engine/random.ts'
import { ChangePoints } from './change-points.ts'
import type { Strategy } from './strategy.ts'

export function preemptionBounded(seed: number, bound = 2): Strategy {
  const random = new Random(seed)
  const points = new ChangePoints(random, bound)
  let moving = -1
  return {
    name: 'preemption',
    begin() {
      points.begin()
      moving = -1
    },
    choose(enabled, count, system) {
      const { progress } = system
      const preempts = points.here() > 0
      let mine = 0
      let others = 0
      let going = 0
      let other = 0
      for (let i = 0; i < count; i++) {
        if (i < progress && system.actor(enabled[i]) === moving) {
          if (random.below(++mine) === 0) going = i
        } else if ((i < progress || preempts) && random.below(++others) === 0) other = i
      }
      if (mine > 0 && (!preempts || others === 0)) return going
      if (other < progress) moving = system.actor(enabled[other])
      return other
    },
    end: (steps) => points.end(steps),
  }
}
