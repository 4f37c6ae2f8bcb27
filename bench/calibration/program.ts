/** What calibration runs: a small program of the literature with a known bug, written anew for this engine. */
import type { Protocol } from '../../src/protocol/index.ts'

export interface Program {
  /** Its name in SCTBench. */
  readonly name: string
  build(): Protocol
}

/**
 * Schedules to the first bug, means of 20 trials, as published by Wolff, Shi, Duck, Mathur and Roychoudhury, "Greybox
 * fuzzing for concurrency testing" (ASPLOS 2024): POS, PCT of depth 3, and their reads-from feedback.
 */
export interface Published {
  readonly pos: number
  readonly pct: number
  readonly feedback: number
}
