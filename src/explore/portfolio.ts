/**
 * Several strategies in turn, one run each: no single one is good at every race. Members that are worse than the best
 * cost as much as they take, so there are few of them. The default ones are feedback, which needs few schedules where
 * races are at few places of the code, two runs of three; and PCT, for races that need one actor to run far ahead of
 * another, whatever they touch. The second run from a beginning is that of the delay-bounded scheduler with no delay:
 * one actor after the other, the last one first. It costs a single run, and some defects show in it at once.
 */
import { Beginning } from './beginning.ts'
import { delayBounded } from './delay-bounded.ts'
import { feedback } from './feedback.ts'
import { pct } from './pct.ts'
import type { Strategy } from './strategy.ts'

/** `members` have a run each in turn; a member that is in the list twice has two. */
export function portfolio(seed: number, members?: readonly Strategy[]): Strategy {
  const learner = feedback(seed)
  const team = members ?? [learner, learner, pct(seed)]
  /** Those of the first runs from a beginning. */
  const first = members === undefined ? [learner, delayBounded(seed, 0)] : []
  const beginning = new Beginning()
  let runs = 0
  let turn = 0
  let running = team[0]
  return {
    name: 'portfolio',
    begin(system) {
      if (beginning.isNew(system)) runs = 0
      running = runs < first.length ? first[runs] : team[turn++ % team.length]
      runs++
      running.begin(system)
    },
    choose: (enabled, count, system) => running.choose(enabled, count, system),
    end: (steps) => running.end(steps),
  }
}
