/**
 * How much an explanation may cost. What would cost more is not established, and said to be so: nothing is ever guessed
 * from a part. Costs are counted in transitions that are tried, so the answer is the same on every computer.
 */
import type { Race } from '../scenario/race.ts'
import { Rerun, Spent } from './steps.ts'

export interface Limits {
  /** Transitions that are tried, at most. Default 200,000, which take a few seconds. */
  readonly maxTransitions?: number
}

/** It would have taken more than the limits allow. */
export interface NotEstablished {
  /** Why, as part of a sentence. */
  readonly notEstablished: string
}

const MAX_TRANSITIONS = 200_000

export const isEstablished = <T extends object>(result: T | NotEstablished): result is T =>
  !('notEstablished' in result)

/** What `establish` comes to with a race on a world of its own, within the limits. */
export function withinLimits<T extends object>(
  race: Race,
  { maxTransitions = MAX_TRANSITIONS }: Limits,
  establish: (rerun: Rerun, maxTransitions: number) => T,
): T | NotEstablished {
  // What is wrong with a run that never ends is no step of it.
  if (race.cycle !== undefined) return { notEstablished: 'this run never ends' }
  try {
    return establish(new Rerun(race, maxTransitions), maxTransitions)
  } catch (thrown) {
    if (!(thrown instanceof Spent)) throw thrown
    return { notEstablished: `it takes more than ${maxTransitions.toLocaleString('en')} transitions` }
  }
}
