/**
 * Places in the code, numbered as they are met: which statement, as how many-th step of its actor. Actors that run the
 * same code are at the same places, so what is learned of one holds for all of them, however many there are.
 */
import { mix } from '../engine/mix.ts'

/** Places are no longer told apart once there are so many: what comes later is at place 0. */
export const MAX_PLACES = 1 << 12
const SLOTS = 4 * MAX_PLACES

export class Places {
  private count = 1
  /** Hash and number of the place in each slot; 0 is an empty one. */
  private readonly keys = new Int32Array(SLOTS)
  private readonly numbers = new Int32Array(SLOTS)

  /** The number of a place, which may be new. */
  at(site: number, position: number): number {
    const key = mix(Math.imul(site + 1, 0x9e3779b1) ^ position) | 1
    let slot = key & (SLOTS - 1)
    while (this.keys[slot] !== 0) {
      if (this.keys[slot] === key) return this.numbers[slot]
      slot = (slot + 1) & (SLOTS - 1)
    }
    if (this.count === MAX_PLACES) return 0
    this.keys[slot] = key
    return (this.numbers[slot] = this.count++)
  }

  clear(): void {
    this.keys.fill(0)
    this.count = 1
  }
}
