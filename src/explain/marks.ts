/**
 * What each step of a race is to it, found by flipping it and keeping the rest of the schedule:
 *
 * - *essential*: when the step is dropped, the invariant does not break any more.
 * - *order irrelevant*: wherever else the step is taken between its actor's step before it and the one behind it, the
 *   invariant breaks. Places beyond a step with which it can never be done the other way round do not count; where no
 *   other place does, its order is fixed.
 * - *value irrelevant*: whatever other value the code is told that the step resulted in, the invariant breaks. A step
 *   that could not have resulted in anything else has no value.
 *
 * What dropping, moving and another value are is said in flip.ts; that the invariant breaks means that no other one
 * breaks first. A read has no effect but its value: it is never
 * essential, and what it was told is what may matter.
 */
import { Flips } from './flip.ts'
import type { Orders } from './orders.ts'
import { bit } from './step-lanes.ts'
import type { Rerun, RaceStep } from './steps.ts'

export interface Mark {
  readonly essential: boolean
  readonly order: 'irrelevant' | 'matters' | 'fixed' | 'not established'
  readonly value: 'irrelevant' | 'matters' | 'none'
}

/** The marks of all steps; their order is not established where the orders of the race are not known. */
export function marksOf(rerun: Rerun, orders: Orders | undefined): Mark[] {
  const flips = new Flips(rerun)
  return rerun.steps.map((step) => {
    const moved = orders && otherPlaces(rerun.steps, step, orders).map((to) => flips.breaksAt(step, to))
    const told = flips.otherValues(step).map((value) => flips.breaksWith(step, value))
    return {
      essential: !flips.breaksWithout(step),
      order: moved === undefined ? 'not established' : (verdict(moved) ?? 'fixed'),
      value: verdict(told) ?? 'none',
    }
  })
}

/** What flips say of the thing that was flipped: whether each still broke the invariant. */
function verdict(broke: readonly boolean[]): 'irrelevant' | 'matters' | undefined {
  if (broke.length === 0) return undefined
  return broke.every(Boolean) ? 'irrelevant' : 'matters'
}

/** The places that a step can be moved to. */
function otherPlaces(steps: readonly RaceStep[], step: RaceStep, { laterInPossible }: Orders): number[] {
  const { at, actor } = step
  const later = (first: RaceStep, then: RaceStep): boolean =>
    (laterInPossible[first.at] & bit(then.at)) !== 0n
  /** Up to the first step that is its actor's own, or that it can never be done the other way round with. */
  const reach = (others: readonly RaceStep[], canCross: (other: RaceStep) => boolean): number[] => {
    const end = others.findIndex((other) => other.actor === actor || !canCross(other))
    return others.slice(0, end < 0 ? others.length : end).map((other) => other.at)
  }
  return [
    ...reach(steps.slice(0, at).toReversed(), (other) => later(step, other)),
    ...reach(steps.slice(at + 1), (other) => later(other, step)),
  ]
}
