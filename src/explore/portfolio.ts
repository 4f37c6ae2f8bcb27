/**
 * Several strategies in turn, one run each: no single one is good at every race. Members that are worse than the best
 * cost as much as they take, so there are two: feedback, which needs few schedules where races are at few places of the
 * code, and PCT, for races that need one actor to run far ahead of another, whatever they touch. The first runs from a
 * beginning are those of feedback, which often needs no more; then it has two runs of three. The second run of all is
 * that of the delay-bounded scheduler with no delay, one actor after the other, the last one first: some defects show
 * in it at once. Shares are fixed: what members reach says too little of what they will find to divide the runs by it.
 */
import { Beginning } from './beginning.ts'
import { delayBounded } from './delay-bounded.ts'
import { feedback } from './feedback.ts'
import { pct } from './pct.ts'
import type { Strategy } from './strategy.ts'

/** So many runs from a beginning come before the members take turns. */
const HEAD = 6

/**
 * `members` have a run each in turn; a member that is in the list twice has two. `length` is the k of PCT, unless there are
 * members of one's own.
 */
export function portfolio(seed: number, members?: readonly Strategy[], length?: number): Strategy {
  const learner = feedback(seed)
  const team = members ?? [learner, learner, pct(seed, undefined, length)]
  const orderly = delayBounded(seed, 0)
  const head = members === undefined ? HEAD : 0
  // Where a beginning has 24 runs or more, those at the head take no more of them than one more member would.
  const shares = team.length + (head > 0 ? 1 : 0)
  const beginning = new Beginning()
  let runs = 0
  let turn = 0
  let running = team[0]
  return {
    name: 'portfolio',
    promises: team.flatMap(({ promises = [] }) =>
      promises.map(({ depth, oneIn }) => ({ depth, oneIn: oneIn * shares })),
    ),
    begin(system) {
      if (beginning.isNew(system)) runs = 0
      if (++runs > head) running = team[turn++ % team.length]
      else running = runs === 2 ? orderly : learner
      running.begin(system)
    },
    choose: (enabled, count, system) => running.choose(enabled, count, system),
    end: (steps) => running.end(steps),
  }
}
