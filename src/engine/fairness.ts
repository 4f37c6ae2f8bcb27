/**
 * What a fair run of a system is. A run is a walk through its states; in a fair one nobody is passed over for ever. What
 * must not be passed over is a duty: a CPU that can step owes a step, a pending interrupt owes its delivery. Equal
 * numbers are one duty, whichever transition fulfils it. What the environment may do (preempt, evict, speculate) is
 * nobody's duty, and happens finitely often.
 *
 * A duty is weak by default: owed without end from some point on, it is fulfilled (justice). A strong one is fulfilled
 * even if it is owed again and again with gaps between (compassion): the interrupt that is deliverable only for a moment
 * in each turn of a loop, the lock that is handed on in turn. Which outcome a step has, where it has several, is up to
 * nobody: it may be the same for ever. Manna and Pnueli, "The Temporal Logic of Reactive and Concurrent Systems" (1992).
 */
import type { System, Violation } from './system.ts'

export interface Fairness {
  /** The duty that a transition, enabled in the state at hand and one that is progress, would fulfil. */
  duty(transition: number): number
  /** True for a duty that must not be passed over again and again. */
  isStrong(duty: number): boolean
  /** Adds the duties owed in the state at hand that no transition enabled there fulfils. */
  addOwed(owed: number[]): void
  /** True if taking a transition now is what the system is there for, as a thread's end is: who does so for ever is no livelock. */
  advances(transition: number): boolean
  /** The violation that it is to go on for ever from the state at hand. */
  livelock(): Violation
}

/** A system that says what its fair runs are. */
export interface FairSystem extends System {
  readonly fairness: Fairness
}
