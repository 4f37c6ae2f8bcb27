/**
 * Duties, numbered as they come, and the sets of them that are owed. A set is a number: states owe few different ones,
 * and two that owe the same in the same order share it.
 */
import type { Fairness } from '../engine/fairness.ts'

/** The set of no duties. */
const NONE = 0
/** A set and a duty as one number: there are far fewer duties than this. */
const DUTIES = 2 ** 20

export class Duties {
  /** By number: whether it is a strong one. */
  readonly strong: boolean[] = []
  private readonly fairness: Fairness
  private readonly numbers = new Map<number, number>()
  /** Sets as a trie: by set, the one that it adds a duty to, and that duty. */
  private readonly rest: number[] = [NONE]
  private readonly added: number[] = [-1]
  private readonly sets = new Map<number, number>()
  private readonly more: number[] = []

  constructor(fairness: Fairness) {
    this.fairness = fairness
  }

  get count(): number {
    return this.strong.length
  }

  /** The number of a duty, which gets one if it has none. */
  numberOf(duty: number): number {
    const known = this.numbers.get(duty)
    if (known !== undefined) return known
    const number = this.strong.push(this.fairness.isStrong(duty)) - 1
    this.numbers.set(duty, number)
    return number
  }

  /** The set owed in the state at hand: of the first `count` numbers, and of what no transition fulfils now. */
  owed(numbers: Int32Array, count: number): number {
    let set = NONE
    for (let i = 0; i < count; i++)
      if (i === 0 || numbers[i] !== numbers[i - 1]) set = this.with(set, numbers[i])
    this.more.length = 0
    this.fairness.addOwed(this.more)
    for (const duty of this.more) set = this.with(set, this.numberOf(duty))
    return set
  }

  /** Calls back for each duty of a set, once. */
  each(set: number, see: (duty: number) => void): void {
    for (let at = set; at !== NONE; at = this.rest[at]) see(this.added[at])
  }

  has(set: number, duty: number): boolean {
    for (let at = set; at !== NONE; at = this.rest[at]) if (this.added[at] === duty) return true
    return false
  }

  private with(set: number, duty: number): number {
    const key = set * DUTIES + duty
    const known = this.sets.get(key)
    if (known !== undefined) return known
    const larger = this.has(set, duty) ? set : this.rest.push(set) - 1
    if (larger !== set) this.added.push(duty)
    this.sets.set(key, larger)
    return larger
  }
}
