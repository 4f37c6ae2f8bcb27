/**
 * A computation that comes to plans now and then: it yields each plan with what is to be done with the results, and goes on
 * once somebody has followed it. So it does not know whether one thread did the units or many.
 */
import { follow, type Ending, type Following, type Plan, type UnitResult } from './plan.ts'

/** A plan to be followed. */
export interface Work<Result extends UnitResult = UnitResult> {
  readonly plan: Plan<Result>
  readonly following: Following<Result>
}

/** Yields its work, is told how following it ended, and returns what came of it all. */
export type Working<Outcome> = Generator<Work, Outcome, Ending>

/** Lets this thread do all the work. */
export function workAlone<Outcome>(working: Working<Outcome>): Outcome {
  let step = working.next()
  while (step.done !== true) step = working.next(follow(step.value.plan, step.value.following))
  return step.value
}
