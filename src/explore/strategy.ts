/**
 * How interleavings are chosen. A strategy sees one run at a time: it begins, is asked at every step to choose among the
 * enabled transitions, even if there is only one, and is told when the run ended. Replay is one more strategy.
 */
import type { System } from '../engine/system.ts'

/** PCT's promise: races up to a depth have a least probability in each of some of the runs. */
export interface Promised {
  readonly depth: number
  /** One run in so many keeps it: those of a member of a portfolio. */
  readonly oneIn: number
}

export interface Strategy {
  readonly name: string
  /** Absent where no run promises anything. */
  readonly promises?: readonly Promised[]
  /** A run begins. */
  begin(system: System): void
  /** Picks one of `enabled[0 .. count-1]`: its index. */
  choose(enabled: Int32Array, count: number, system: System): number
  /** The run has ended, by a violation or without; `steps` is its length. */
  end(steps: number): void
}
