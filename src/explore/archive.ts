/**
 * The abstract schedules that a feedback strategy keeps: short lists of places, from the one that is held longest on, of
 * the last runs that reached an abstract state nobody had seen.
 */
import type { Random } from '../engine/random.ts'

/** Places that an abstract schedule holds, at most: one less than the depth of a defect that is within reach. */
export const MAX_HOLDS = 3
/** Abstract schedules kept, at most; the oldest goes first. */
const KEPT = 64
/** Abstract states that are told apart: past half of it, all are taken for known. */
const STATES = 1 << 16

export class Archive {
  private readonly plans = new Int32Array(KEPT * MAX_HOLDS)
  private readonly lengths = new Int32Array(KEPT)
  private kept = 0
  private readonly states = new Int32Array(STATES)
  private known = 0

  get size(): number {
    return Math.min(this.kept, KEPT)
  }

  clear(): void {
    this.kept = 0
    if (this.known > 0) this.states.fill(0)
    this.known = 0
  }

  /** True for an abstract state that comes for the first time. */
  isNew(state: number): boolean {
    const key = state | 1
    let slot = key & (STATES - 1)
    for (; this.states[slot] !== 0; slot = (slot + 1) & (STATES - 1))
      if (this.states[slot] === key) return false
    if (this.known >= STATES / 2) return false
    this.known++
    this.states[slot] = key
    return true
  }

  keep(plan: Int32Array, length: number): void {
    const at = this.kept++ % KEPT
    for (let i = 0; i < length; i++) this.plans[at * MAX_HOLDS + i] = plan[i]
    this.lengths[at] = length
  }

  /** Copies one of those kept into `plan`; its length. */
  draw(random: Random, plan: Int32Array): number {
    const at = random.below(this.size)
    for (let i = 0; i < MAX_HOLDS; i++) plan[i] = this.plans[at * MAX_HOLDS + i]
    return this.lengths[at]
  }
}
