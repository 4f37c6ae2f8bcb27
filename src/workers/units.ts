/** The units that are still to be handed out: those that came back undone first, then the next ones. */
import type { Batch } from './messages.ts'

/** So far beyond the first unit that is not merged may others be done: what waits to be merged takes memory. */
const AHEAD = 10_000

export class Units {
  private readonly has: (unit: number) => boolean
  private readonly undone: Batch[] = []
  private next: number
  /** Nothing from here on will be wanted. */
  private end = Infinity

  constructor(from: number, has: (unit: number) => boolean) {
    this.next = from
    this.has = has
  }

  /** So many units at most, and the lowest; undefined if there are none, or none yet. `merged` is the first unmerged one. */
  take(size: number, merged: number): Batch | undefined {
    const batch = this.undone.shift()
    if (batch !== undefined) {
      const { from } = batch
      const to = Math.min(batch.to, from + size, this.end)
      this.giveBack({ from: to, to: batch.to })
      return from < to ? { from, to } : undefined
    }
    const from = this.next
    while (this.next < Math.min(from + size, merged + AHEAD, this.end) && this.has(this.next)) this.next++
    return from < this.next ? { from, to: this.next } : undefined
  }

  /** Units that somebody was handed and has not done. */
  giveBack({ from, to }: Batch): void {
    if (from >= Math.min(to, this.end)) return
    this.undone.push({ from, to })
    this.undone.sort((a, b) => a.from - b.from)
  }

  /** The work will end with this unit, if not before. */
  endBehind(unit: number): void {
    this.end = Math.min(this.end, unit + 1)
  }
}
