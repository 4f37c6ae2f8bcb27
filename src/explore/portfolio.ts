/**
 * Several strategies in turn, one run each: no single one is good at every race. Uniform random walks meet races that
 * many interleavings have; PCT meets those that need one actor to run far ahead of another.
 */
import { pct } from './pct.ts'
import { randomWalk } from './random-walk.ts'
import type { Strategy } from './strategy.ts'

/** The members of a portfolio unless said otherwise; `length` is the k of PCT. */
export const defaultMembers = (seed: number, length?: number): readonly Strategy[] => [
  randomWalk(seed),
  pct(seed, undefined, length),
]

export function portfolio(seed: number, members: readonly Strategy[] = defaultMembers(seed)): Strategy {
  let turn = 0
  return {
    name: 'portfolio',
    promises: members.flatMap(({ promises = [] }) =>
      promises.map(({ depth, oneIn }) => ({ depth, oneIn: oneIn * members.length })),
    ),
    begin: (system) => members[turn].begin(system),
    choose: (enabled, count, system) => members[turn].choose(enabled, count, system),
    end(steps) {
      members[turn].end(steps)
      turn = (turn + 1) % members.length
    },
  }
}
