/**
 * What an explorer sees of the thing that it explores: a flat state, the transitions that are enabled in it, and what
 * taking one does. Everything that is not determined (which CPU steps, when an interrupt is taken, an eviction, a
 * scheduling decision of the host) is a transition.
 */

import type { Inside } from './inside.ts'

/** Something that must never happen, as it happened. */
export interface Violation {
  /** Name of the violated invariant. */
  readonly invariant: string
  /** One sentence: who did what, and why that is wrong. */
  readonly explanation: string
}

export interface System {
  /** The state. Explorers copy it and put it back; nothing else is remembered between transitions. */
  readonly state: Int32Array
  /** Changes whenever the initial state does. */
  readonly beginnings: number
  /** Puts the state back to the initial one. */
  reset(): void
  /** Writes the enabled transitions to `out`, in a fixed order, and returns their number. */
  enabled(out: Int32Array): number
  /** After {@link enabled}: how many of them are progress of somebody, as opposed to what the environment may do. */
  readonly progress: number
  /**
   * After {@link enabled}: how many of the transitions, from the first on, stand for all of them, provided that one of
   * them leads to a state that has yet to be expanded (see `src/reduce`). Absent from a system that is not reduced.
   */
  readonly sufficient?: number
  /** Takes a transition that is enabled. */
  apply(transition: number): void
  /** What the last transition violated, or undefined. */
  readonly violation: Violation | undefined
  /** Forgets the violation, so that counting can go on behind it. */
  clearViolation(): void
  /** True when every thread has ended: a state without progress that is not final is a deadlock. */
  final(): boolean
  /** The violation that a state without progress is. */
  deadlock(): Violation
  /** Dense number of the actor that takes a transition; a change of actor is a context switch. */
  actor(transition: number): number
  /** Number of actors. */
  readonly actors: number
  /** Stable name of a transition (who, what), independent of other transitions and of how the code is written. */
  name(transition: number): string
  /** What an enabled transition touches, as `footprint.ts` says it. Absent: nothing is known, so everything. */
  footprint?(transition: number): number
  /** Number of the statement that an enabled transition carries out, whoever does. Absent: none is told from another. */
  site?(transition: number): number
  /** Hash of what matters about the state to those who look for new ones. Absent: all states are alike. */
  abstraction?(): number
  /** For those who learn what its transitions do; absent from a system that cannot be looked into. */
  readonly inside?: Inside | undefined
  /** The system that this one remembers, if it is a memory: the same search goes on in it. */
  readonly original?: System
}

/**
 * Upper limit of transitions enabled at once. The largest machine has 6 vCPUs, each of which may choose one of 256,
 * take one of 8 interrupts, leave guest mode, be preempted, and lose or speculate about each of 8 pages and 30 tables;
 * and 30 tables that RCU may free.
 */
export const MAX_ENABLED = 2048
