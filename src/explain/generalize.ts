/**
 * The generalized counterexample: not one order of steps that fails, but all of them. An order is any interleaving of
 * what each actor does in the race, in which each actor keeps its own order; it fails if, taken step by step, it breaks
 * the same invariant. What all failing orders have in common is a partial order. If each of its linear extensions fails,
 * it says exactly what the race is; if not, it is said how many do.
 */
import type { Race } from '../scenario/race.ts'
import { isEstablished, withinLimits, type Limits, type NotEstablished } from './limits.ts'
import { ordersOf, type Orders } from './orders.ts'
import { coveringPairs, inEvery, linearExtensions, type Pair } from './partial-order.ts'
import { bit, Lanes } from './step-lanes.ts'

/** One step comes before another in every failing order, and no other such pairs imply that. */
export interface OrderedPair {
  /** Numbers of steps, as in the lane diagram: from 1. */
  readonly before: number
  readonly after: number
  /**
   * - `program`: both are of one actor, which never does them in another order.
   * - `cause`: in no order can the two be done the other way round; mostly the one makes the other possible.
   * - `race`: they can be done the other way round, and no order in which they are fails.
   */
  readonly why: 'program' | 'cause' | 'race'
}

export interface Generalized {
  /** Orders of the race's steps, and those of them that fail. */
  readonly orders: bigint
  readonly failing: bigint
  /** What failing orders have in common, transitively reduced; by the later step, then by the earlier one. */
  readonly pairs: readonly OrderedPair[]
  /** Orders that keep to these pairs. They are the failing ones if they are as many. */
  readonly extensions: bigint
}

/** All orders of a race's steps that fail, as a partial order. */
export function generalize(race: Race, limits: Limits = {}): Generalized | NotEstablished {
  return generalizeOrders(race, limits, allOrders(race, limits))
}

/** All orders of a race's steps. */
export const allOrders = (race: Race, limits: Limits): Orders | NotEstablished =>
  withinLimits(race, limits, ordersOf)

/** The same for those who know the orders already. */
export function generalizeOrders(
  race: Race,
  limits: Limits,
  orders: Orders | NotEstablished,
): Generalized | NotEstablished {
  if (!isEstablished(orders)) return orders
  return withinLimits(race, limits, ({ steps }, maxTransitions) => {
    const lanes = new Lanes(steps)
    const before = inEvery(orders.laterInFailing)
    const pairs = coveringPairs(before).map((pair) => ({
      before: pair.before + 1,
      after: pair.after + 1,
      why: why(orders, lanes, pair),
    }))
    const extensions = linearExtensions(lanes, before, maxTransitions)
    return { orders: orders.all, failing: orders.failing, pairs, extensions }
  })
}

function why({ laterInPossible }: Orders, lanes: Lanes, { before, after }: Pair): OrderedPair['why'] {
  if (lanes.laneOf(before) === lanes.laneOf(after)) return 'program'
  return (laterInPossible[after] & bit(before)) === 0n ? 'cause' : 'race'
}
