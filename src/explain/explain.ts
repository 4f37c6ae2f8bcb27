/**
 * Why a race is one: which of its steps matter, and in what, and which pairs of steps make it by the order in which they
 * come. Such a pair (a before b) is part of the bug if no order of the same steps in which b comes before a fails,
 * although there are such orders. Pairs that follow from others are left out, and so are those that cannot be
 * otherwise, because one actor does both or one of them makes the other possible.
 */
import type { Race } from '../scenario/race.ts'
import { allOrders, generalizeOrders, type Generalized, type OrderedPair } from './generalize.ts'
import { isEstablished, withinLimits, type Limits, type NotEstablished } from './limits.ts'
import { marksOf, type Mark } from './marks.ts'

export interface Explained {
  /** By step of the race, in its order. */
  readonly marks: readonly Mark[] | NotEstablished
  /** Pairs of steps whose order is the bug: of the pairs of the generalized race, those that are a race. */
  readonly edges: readonly OrderedPair[] | NotEstablished
}

/** Marks the steps of a race, and finds the pairs of steps whose order is the bug. */
export const explain = (race: Race, limits: Limits = {}): Explained =>
  explainAndGeneralize(race, limits).explained

/** All that there is to say of a race. */
export interface Explanation {
  readonly explained: Explained
  readonly generalized: Generalized | NotEstablished
}

/** Both at once, which share most of their cost. */
export function explainAndGeneralize(race: Race, limits: Limits = {}): Explanation {
  const orders = allOrders(race, limits)
  const generalized = generalizeOrders(race, limits, orders)
  const known = isEstablished(orders) ? orders : undefined
  const explained: Explained = {
    marks: withinLimits(race, limits, (rerun) => marksOf(rerun, known)),
    edges: isEstablished(generalized) ? generalized.pairs.filter(({ why }) => why === 'race') : generalized,
  }
  return { explained, generalized }
}
