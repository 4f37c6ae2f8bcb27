/**
 * What a turn takes of the transitions that are enabled. Playing a scenario and recovering one from a race both ask
 * this, so that what is recovered plays the same.
 */
import * as T from '../scenario/transition.ts'
import type { Turn } from './schedules.ts'

/** The transition of number `pick` among some of one kind, modulo if there is none of it; undefined if there are none. */
export function picked(
  transitions: readonly number[],
  pick: number,
  numberOf: (t: number) => number = T.detailOf,
): number | undefined {
  return transitions.find((t) => numberOf(t) === pick) ?? transitions[pick % transitions.length]
}

/** Transitions of a kind, of one vCPU or of any. */
export function ofKind(enabled: readonly number[], kind: number, who?: number): number[] {
  return enabled.filter((t) => T.kindOf(t) === kind && (who === undefined || T.whoOf(t) === who))
}

/** What the owner of a turn does next in it; undefined if it can do nothing. `taken` transitions of it have been. */
export function nextOf(enabled: readonly number[], turn: Turn, taken: number): number | undefined {
  const { who, first, pick = 0 } = turn
  if (who === 'rcu') return picked(ofKind(enabled, T.RCU_FREE), pick, T.whoOf)
  const step = (): number | undefined => picked(ofKind(enabled, T.STEP, who), pick)
  const interrupt = (): number | undefined => picked(ofKind(enabled, T.INTERRUPT, who), pick)
  const exit = (): number | undefined => picked(ofKind(enabled, T.EXIT, who), pick)
  if (taken > 0 || first === undefined) return step() ?? interrupt() ?? exit()
  return (first === 'interrupt' ? interrupt() : exit()) ?? step() ?? interrupt() ?? exit()
}
