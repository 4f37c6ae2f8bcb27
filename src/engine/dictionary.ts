/**
 * The values that a word of the state was seen to hold, numbered as they come. A packed state holds the numbers, so a
 * word takes the bits that the number of its values needs, whatever they are.
 */
import { bitsFor } from './layout.ts'

const isSmall = (value: number): boolean => value >= 0 && value < 1 << 16

export class Dictionary {
  readonly values: number[] = []
  /** How many values the packed form of the word has room for: a power of two. */
  capacity = 1
  /** Numbers of small values, by value; -1 where there is none yet. */
  codes = new Int32Array(16).fill(-1)
  /** Numbers of the others, which are large or negative. */
  private readonly others = new Map<number, number>()

  constructor(first: number) {
    this.number(first)
  }

  /** The number of a value, or -1. */
  find(value: number): number {
    if (isSmall(value)) return value < this.codes.length ? this.codes[value] : -1
    return this.others.get(value) ?? -1
  }

  /** The number of a value, which gets one if it has none. */
  number(value: number): number {
    const known = this.find(value)
    if (known >= 0) return known
    const code = this.values.push(value) - 1
    if (!isSmall(value)) this.others.set(value, code)
    else {
      if (value >= this.codes.length) {
        const grown = new Int32Array(2 ** bitsFor(value)).fill(-1)
        grown.set(this.codes)
        this.codes = grown
      }
      this.codes[value] = code
    }
    return code
  }
}
