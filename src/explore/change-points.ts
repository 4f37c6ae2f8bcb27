/**
 * Steps of a run, drawn at random before it begins: where a bounded strategy does what it may do only so often. How long
 * the run will be is not known; the longest one so far has to do, and
 * the first run has none.
 */
import type { Random } from '../engine/random.ts'

const NEVER = -1

export class ChangePoints {
  private readonly steps: Int32Array
  private readonly random: Random
  private longest = 0
  private step = 0

  constructor(random: Random, bound: number) {
    this.random = random
    this.steps = new Int32Array(bound)
  }

  begin(): void {
    for (let i = 0; i < this.steps.length; i++)
      this.steps[i] = this.longest === 0 ? NEVER : this.random.below(this.longest)
    this.step = 0
  }

  /** How many of the points are at the step that is about to be taken. */
  here(): number {
    const now = this.step++
    let points = 0
    for (let i = 0; i < this.steps.length; i++) if (this.steps[i] === now) points++
    return points
  }

  end(steps: number): void {
    this.longest = Math.max(this.longest, steps)
  }
}
