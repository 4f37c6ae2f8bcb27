/**
 * The flat state. Every variable of a system, of hardware, host, guest or policy, is a word of one Int32Array with a
 * declared largest value, from which the packed form of a stored state takes its width.
 */
import { fail } from '../errors.ts'

export interface Field {
  readonly name: string
  /** First word. */
  readonly at: number
  /** Number of words. */
  readonly length: number
  /** Largest value of a word; the smallest is 0. */
  readonly max: number
  /** True for words that hold control states: their values are renumbered when a state is stored. */
  readonly control: boolean
}

export class Layout {
  readonly fields: Field[] = []
  size = 0

  /** Adds `length` words that hold 0 .. max; returns the index of the first. A field with no words takes no room. */
  add(name: string, length: number, max: number): number {
    return this.append(name, length, max, false)
  }

  /** Adds words that hold control states of coroutines. */
  addControl(name: string, length: number): number {
    return this.append(name, length, 0x7fffffff, true)
  }

  /** The field that a word belongs to. */
  fieldAt(word: number): Field {
    const field = this.fields.find((f) => word >= f.at && word < f.at + f.length)
    if (field === undefined) throw new Error(`no field at word ${word}`)
    return field
  }

  private append(name: string, length: number, max: number, control: boolean): number {
    if (!Number.isSafeInteger(max) || max < 0 || max > 0x7fffffff) {
      throw fail.badConfig(`max of "${name}"`, max, 'a whole number from 0 to 2147483647')
    }
    const at = this.size
    if (length > 0) this.fields.push({ name, at, length, max, control })
    this.size += length
    return at
  }
}

/** Bits that values 0 .. max need. */
export const bitsFor = (max: number): number => (max <= 0 ? 0 : 32 - Math.clz32(max))
