/**
 * How many different states some runs of one system go through. States are told apart by 53 bits of a hash, so two of
 * a million are taken for one with a probability of one in ten thousand.
 */
import type { Watcher } from '../explore/run.ts'

export class SeenStates implements Watcher {
  private readonly hashes = new Set<number>()

  get count(): number {
    return this.hashes.size
  }

  see(state: Int32Array): void {
    let low = 0x9747b28c
    let high = 0x3c6ef372
    for (let i = 0; i < state.length; i++) {
      low = Math.imul(low ^ state[i], 0x85ebca6b)
      low ^= low >>> 13
      high = Math.imul(high ^ state[i], 0xc2b2ae35)
      high ^= high >>> 16
    }
    this.hashes.add((low >>> 0) * 0x200000 + ((high ^ (high >>> 11)) & 0x1fffff))
  }
}
