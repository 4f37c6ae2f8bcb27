/**
 * The generalized counterexample: not one order of steps that fails, but all of them. An order is any interleaving of
 * what each actor does in the race, in which each actor keeps its own order; it fails if, taken step by step, it breaks
 * the same invariant. What all failing orders have in common is a partial order. If each of its linear extensions fails,
 * it says exactly what the race is; if not, it says how many do.
 */
import type { Race } from '../scenario/race.ts'
import { withinLimits, type Limits, type NotEstablished } from './limits.ts'
import { ordersOf, type Orders } from './orders.ts'
import { coveringPairs, inEvery, linearExtensions } from './partial-order.ts'
import { bit, Lanes } from './step-lanes.ts'
import type { Rerun } from './steps.ts'

/** One step comes before another in every failing order, and no other such pairs imply that. */
export interface OrderedPair {
  /** Steps by their place in the race, from 0. */
  readonly before: number
  readonly after: number
  /**
   * - `program`: both are of one actor, which never does them in another order.
   * - `cause`: the later one is not possible before the earlier one is done.
   * - `race`: they could come in the other order, and no order in which they do fails.
   */
  readonly why: 'program' | 'cause' | 'race'
}

export interface Generalized {
  /** Orders of the race's steps, and those of them that fail. */
  readonly orders: bigint
  readonly failing: bigint
  /** What failing orders have in common, transitively reduced. */
  readonly pairs: readonly OrderedPair[]
  /** Orders that keep to these pairs. They are the failing ones if they are as many. */
  readonly extensions: bigint
}

/** All orders of a race's steps that fail, as a partial order. */
export function generalize(race: Race, limits: Limits = {}): Generalized | NotEstablished {
  return withinLimits(race, limits, generalizeRerun)
}

export function generalizeRerun(rerun: Rerun, maxTransitions: number): Generalized {
  const orders = ordersOf(rerun)
  const lanes = new Lanes(rerun.steps)
  const before = inEvery(orders.laterInFailing)
  const pairs = coveringPairs(before).map((pair) => ({ ...pair, why: why(orders, lanes, pair) }))
  return {
    orders: orders.all,
    failing: orders.failing,
    pairs,
    extensions: linearExtensions(lanes, before, maxTransitions),
  }
}

function why(
  { laterInPossible }: Orders,
  lanes: Lanes,
  { before, after }: { before: number; after: number },
): OrderedPair['why'] {
  if (lanes.laneOf(before) === lanes.laneOf(after)) return 'program'
  return (laterInPossible[after] & bit(before)) === 0n ? 'cause' : 'race'
}
