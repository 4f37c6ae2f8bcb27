/**
 * What is owed in a protocol: a thread that can step owes a step, strongly where the step is a fair one; the host owes
 * each CPU that it took away.
 */
import type { Fairness } from '../engine/fairness.ts'
import type { Violation } from '../engine/system.ts'
import type { Protocol } from './protocol.ts'
import { STEP, kindOf, transition, whoOf } from './transition.ts'

/** What a state without a fair way to its end violates, if threads go round in it. */
export const LIVELOCK = 'no-livelock'

/** Details of the duties that are steps. */
const PLAIN = 0
const FAIR = 1

export interface FairnessAround {
  readonly protocol: Protocol
  /** Code of the step that a thread asks for. */
  stepOf(thread: number): number
  /** Names of the threads that somebody waits for and that have not ended. */
  unfinished(): string
}

export class SpaceFairness implements Fairness {
  private readonly around: FairnessAround

  constructor(around: FairnessAround) {
    this.around = around
  }

  duty(t: number): number {
    if (kindOf(t) !== STEP) return t
    const { protocol, stepOf } = this.around
    return transition(STEP, whoOf(t), protocol.fair.has(stepOf(whoOf(t))) ? FAIR : PLAIN)
  }

  isStrong(duty: number): boolean {
    return kindOf(duty) !== STEP || duty === transition(STEP, whoOf(duty), FAIR)
  }

  addOwed(): void {}

  advances(t: number): boolean {
    const { protocol, stepOf } = this.around
    return kindOf(t) === STEP && protocol.advancing.has(stepOf(whoOf(t)))
  }

  livelock(): Violation {
    return { invariant: LIVELOCK, explanation: `${this.around.unfinished()} may go round for ever.` }
  }
}
