/**
 * A lasso: how a run comes to where it is stuck, and how it goes on there for ever. The stem is a schedule from the
 * beginning; the cycle is taken again and again behind it, and is empty where nobody can move at all. Lassos are small in
 * the order of races: context switches, then steps, both of the stem and one turn of the cycle behind it.
 */
import type { FairSystem } from '../engine/fairness.ts'
import { MAX_ENABLED, type Violation } from '../engine/system.ts'
import type { Cost } from '../shrink/shortest.ts'

export interface Lasso {
  readonly stem: Int32Array
  readonly cycle: Int32Array
  readonly violation: Violation
  readonly cost: Cost
  /** True if there is no smaller one; false if the search for one was too large. */
  readonly minimal: boolean
}

/** The order of lassos of one workload. */
export const isSmaller = ({ cost: a }: Lasso, { cost: b }: Lasso): boolean =>
  a.switches < b.switches || (a.switches === b.switches && a.steps < b.steps)

/**
 * True if a cycle, taken again and again from the state that a system is in, is a fair run that goes nowhere: it comes
 * back to that state, everybody in it who owes something gets to it, nobody advances, and it is never over. The system
 * is left where the cycle ends.
 */
export function goesRound(system: FairSystem, cycle: Iterable<number>): boolean {
  const { state, fairness } = system
  const enabled = new Int32Array(MAX_ENABLED)
  const begun = state.slice()
  const done = new Set<number>()
  const owing = new Map<number, number>()
  let turn = 0
  for (const transition of cycle) {
    turn++
    const count = system.enabled(enabled)
    const { progress } = system
    const at = enabled.subarray(0, count).indexOf(transition)
    if (at < 0 || at >= progress || system.final() || fairness.advances(transition)) return false
    const owed = Array.from(enabled.subarray(0, progress), (each) => fairness.duty(each))
    fairness.addOwed(owed)
    for (const duty of new Set(owed)) owing.set(duty, (owing.get(duty) ?? 0) + 1)
    done.add(fairness.duty(transition))
    system.apply(transition)
    if (system.violation !== undefined) return false
  }
  if (turn === 0 || state.some((word, i) => word !== begun[i])) return false
  return [...owing].every(([duty, times]) => done.has(duty) || (times < turn && !fairness.isStrong(duty)))
}
