/**
 * What each step of a race is to it, found by flipping it and keeping the rest of the schedule:
 *
 * - *essential*: when the step is dropped, the invariant does not break any more.
 * - *order irrelevant*: wherever else the step can be taken between its actor's step before it and the one behind it,
 *   the invariant breaks. Where it can be taken nowhere else, its order is fixed.
 * - *value irrelevant*: whatever other value the code is told that the step resulted in, the invariant breaks. A step
 *   that could not have resulted in anything else has no value.
 *
 * What dropping, moving and another value are is said in flip.ts. A read has no effect but its value: it is never
 * essential, and what it was told is what may matter.
 */
import { Flips } from './flip.ts'
import type { Rerun, RaceStep } from './steps.ts'

export interface Mark {
  readonly essential: boolean
  readonly order: 'irrelevant' | 'matters' | 'fixed'
  readonly value: 'irrelevant' | 'matters' | 'none'
}

/** The marks of all steps. */
export function marksOf(rerun: Rerun): Mark[] {
  const flips = new Flips(rerun)
  return rerun.steps.map((step) => {
    const moved = otherPlaces(rerun.steps, step).map((to) => flips.breaksAt(step, to))
    const told = flips.otherValues(step).map((value) => flips.breaksWith(step, value))
    return {
      essential: !flips.breaksWithout(step),
      order: verdict(moved.filter((breaks) => breaks !== undefined)) ?? 'fixed',
      value: verdict(told) ?? 'none',
    }
  })
}

/** What flips say of the thing that was flipped: whether each still broke the invariant. */
function verdict(broke: readonly boolean[]): 'irrelevant' | 'matters' | undefined {
  if (broke.length === 0) return undefined
  return broke.every(Boolean) ? 'irrelevant' : 'matters'
}

/** The places between its actor's step before it and the one behind it, but for its own. */
function otherPlaces(steps: readonly RaceStep[], { at, actor }: RaceStep): number[] {
  const before = steps.findLastIndex((each) => each.at < at && each.actor === actor)
  const behind = steps.findIndex((each) => each.at > at && each.actor === actor)
  const end = behind < 0 ? steps.length : behind
  return steps.map((each) => each.at).filter((to) => to > before && to < end && to !== at)
}
