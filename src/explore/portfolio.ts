/**
 * Several strategies in turn, one run each: no single one is good at every race. Uniform random walks meet races that
 * many interleavings have; PCT meets those that need one actor to run far ahead of another.
 */
import { pct } from './pct.ts'
import { randomWalk } from './random-walk.ts'
import type { Strategy } from './strategy.ts'

export function portfolio(
  seed: number,
  members: readonly Strategy[] = [randomWalk(seed), pct(seed)],
): Strategy {
  let turn = 0
  return {
    name: 'portfolio',
    begin: (system) => members[turn].begin(system),
    choose: (enabled, count, system) => members[turn].choose(enabled, count, system),
    end(steps) {
      members[turn].end(steps)
      turn = (turn + 1) % members.length
    },
  }
}
