/**
 * What a turn takes of the transitions that are enabled. Playing a scenario and recovering one from a race both ask
 * this, so that what is recovered plays the same.
 */
import * as T from '../scenario/transition.ts'
import type { Turn } from './schedules.ts'

/** The transition of number `pick` among some of one kind, modulo if there is none of it; undefined if there are none. */
export function picked(transitions: readonly number[], pick: number): number | undefined {
  return transitions.find((t) => numberOf(t) === pick) ?? transitions[pick % transitions.length]
}

/** Transitions of a kind, of one vCPU or of any. */
export function ofKind(enabled: readonly number[], kind: number, who?: number): number[] {
  return enabled.filter((t) => T.kindOf(t) === kind && (who === undefined || T.whoOf(t) === who))
}

/** Number of a transition among those that its turn picks one of: interrupts that IF masks come first, then others. */
export function numberOf(t: number): number {
  switch (T.kindOf(t)) {
    case T.RCU_FREE:
      return T.whoOf(t)
    case T.SIGNAL:
      return MASKABLE + T.detailOf(t)
    case T.BROADCAST:
      return TABLES + (T.detailOf(t) << 3) + T.whoOf(t)
    default:
      return T.detailOf(t)
  }
}

/** More than there are vectors, and tables. */
const MASKABLE = 8
const TABLES = 32

/** True for what happens by itself: turns of `rcu` are made of it. */
export const happensByItself = (t: number): boolean =>
  T.kindOf(t) === T.RCU_FREE || T.kindOf(t) === T.BROADCAST

/** What the owner of a turn does next in it; undefined if it can do nothing. `taken` transitions of it have been. */
export function nextOf(enabled: readonly number[], turn: Turn, taken: number): number | undefined {
  const { who, first, pick = 0 } = turn
  if (who === 'rcu') return picked(enabled.filter(happensByItself), pick)
  const step = (): number | undefined => picked(ofKind(enabled, T.STEP, who), pick)
  const interrupt = (): number | undefined =>
    picked([...ofKind(enabled, T.INTERRUPT, who), ...ofKind(enabled, T.SIGNAL, who)], pick)
  const exit = (): number | undefined => picked(ofKind(enabled, T.EXIT, who), pick)
  if (taken > 0 || first === undefined) return step() ?? interrupt() ?? exit()
  return (first === 'interrupt' ? interrupt() : exit()) ?? step() ?? interrupt() ?? exit()
}
