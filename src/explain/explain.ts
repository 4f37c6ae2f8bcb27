/**
 * Why a race is one: which of its steps matter, and in what, and which pairs of steps make it by the order in which they
 * come. Such a pair (a before b) is part of the bug if no order of the same steps in which b comes before a fails,
 * although there are such orders. Pairs that follow from others are left out, and so are those that cannot be
 * otherwise, because one actor does both or the later step needs the earlier one.
 */
import type { Race } from '../scenario/race.ts'
import { generalize } from './generalize.ts'
import { isEstablished, withinLimits, type Limits, type NotEstablished } from './limits.ts'
import { marksOf, type Mark } from './marks.ts'
import type { Pair } from './partial-order.ts'

export interface Explained {
  /** By step of the race. */
  readonly marks: readonly Mark[] | NotEstablished
  readonly edges: readonly Pair[] | NotEstablished
}

/** Marks the steps of a race, and finds the pairs of steps whose order is the bug. */
export function explain(race: Race, limits: Limits = {}): Explained {
  const general = generalize(race, limits)
  return {
    marks: withinLimits(race, limits, marksOf),
    edges: isEstablished(general)
      ? general.pairs.filter(({ why }) => why === 'race').map(({ before, after }) => ({ before, after }))
      : general,
  }
}
