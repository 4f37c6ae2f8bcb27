/**
 * What all failing orders of a race's steps have in common: a step comes before another where it does so in every one
 * of them. That is a partial order; its linear extensions are all orders that keep to it, and contain the failing ones.
 */
import { bit, type Lanes } from './step-lanes.ts'
import { Spent } from './steps.ts'

export interface Pair {
  /** Steps by their place in the race, from 0. */
  readonly before: number
  readonly after: number
}

/** By step, the steps that come before it in every order, from the steps that come later in some. */
export function inEvery(later: readonly bigint[]): bigint[] {
  return later.map((_, after) =>
    later.reduce(
      (set, _each, before) =>
        (later[before] & bit(after)) !== 0n && (later[after] & bit(before)) === 0n ? set | bit(before) : set,
      0n,
    ),
  )
}

/** The pairs that follow from no others (transitive reduction), by their later step, then by their earlier one. */
export function coveringPairs(before: readonly bigint[]): Pair[] {
  return before.flatMap((set, after) => {
    const implied = before.reduce(
      (all, earlier, step) => ((set & bit(step)) !== 0n ? all | earlier : all),
      0n,
    )
    return before.flatMap((_, step) => ((set & ~implied & bit(step)) !== 0n ? [{ before: step, after }] : []))
  })
}

/** The number of orders that keep to a partial order in which every lane is ordered. */
export function linearExtensions(lanes: Lanes, before: readonly bigint[], maxSets: number): bigint {
  let level = new Map([[lanes.none.join(), { taken: lanes.none, ways: 1n }]])
  let sets = 0
  for (let step = 0; step < before.length; step++) {
    const next = new Map<string, { taken: readonly number[]; ways: bigint }>()
    for (const { taken, ways } of level.values()) {
      if (++sets > maxSets) throw new Spent()
      const left = lanes.left(taken)
      for (const [lane, { at }] of lanes.next(taken)) {
        if ((before[at] & left) !== 0n) continue
        const then = lanes.advance(taken, lane)
        const known = next.get(then.join())
        next.set(then.join(), { taken: then, ways: ways + (known?.ways ?? 0n) })
      }
    }
    level = next
  }
  return [...level.values()].reduce((sum, { ways }) => sum + ways, 0n)
}
