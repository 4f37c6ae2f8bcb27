/** Rows of integers of different lengths, one after the other in one flat array; rows are added and never change. */
import { enlarged } from './enlarged.ts'

export class Rows {
  /** The elements of all rows. Reallocated when it grows: read it anew after a row was added. */
  data = new Int32Array(1024)
  /** Row i is `data[first[i]] .. data[first[i + 1] - 1]`; reallocated likewise. */
  first = new Int32Array(256)
  count = 0

  /** Adds a row; returns its number. */
  add(row: readonly number[]): number {
    const from = this.first[this.count]
    while (from + row.length > this.data.length) this.data = enlarged(this.data)
    if (this.count + 2 > this.first.length) this.first = enlarged(this.first)
    this.data.set(row, from)
    this.first[++this.count] = from + row.length
    return this.count - 1
  }
}
