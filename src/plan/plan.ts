/**
 * Work in units, numbered from 0. A unit is a pure function of what its plan was made from and of its number: it does not
 * matter who does it, when, or after which others. Results are merged in the order of their numbers, so the total is the
 * same however the work was shared out or interrupted. What a plan is of is not known here.
 */

/** What every result of a unit says of itself. */
export interface UnitResult {
  /** False where the unit was stopped before its end: what it has is true, and to go on, it is done again. */
  readonly whole: boolean
}

/** Asked now and then, with what the unit at work has so far, or nothing between units; true ends the work. */
export type Stop<Result> = (part: Result | undefined) => boolean

export interface Plan<Result extends UnitResult> {
  /** Whether there is a unit of this number; all smaller numbers are units then. */
  has(unit: number): boolean
  /** Does a unit. What `stop` was asked before the unit began need not be asked again at once. */
  run(unit: number, stop: Stop<Result>): Result
}

export interface Following<Result extends UnitResult> {
  /** The first unit to do. Default 0. */
  readonly from?: number
  stop(part: Result | undefined): boolean
  /** Takes the results, in the order of the units; true if nothing more is wanted. */
  take(result: Result, unit: number): boolean
}

/** Why no more units are done: there are none, nothing more is wanted, or somebody stopped the work. */
export type Ending = 'done' | 'enough' | 'stopped'

/** Does the units of a plan one after the other. */
export function follow<Result extends UnitResult>(plan: Plan<Result>, following: Following<Result>): Ending {
  const { from = 0 } = following
  const stop: Stop<Result> = (part) => following.stop(part)
  for (let unit = from; ; unit++) {
    if (!plan.has(unit)) return 'done'
    if (stop(undefined)) return 'stopped'
    const result = plan.run(unit, stop)
    const enough = following.take(result, unit)
    if (enough) return 'enough'
    if (!result.whole) return 'stopped'
  }
}
