/**
 * The queue of a search in the order of (switches, steps): one first-in-first-out list a cost. A node leads to nodes
 * of one step more, and of one switch more at most, so two rows of lists are enough, one list a number of steps: the
 * row of the switches that are being looked at, and the next. Costs are small whole numbers, so lists by cost beat a
 * heap; they live in flat arrays that are used again by the next search, because a certificate is made of thousands
 * of small ones.
 */
import { enlarged } from '../engine/enlarged.ts'

/** A cheapest way visits no state twice, so its switches and steps are fewer than this where the states are. */
export const MAX_STATES = 2 ** 26

export class Frontier {
  private row = new Row()
  private ahead = new Row()
  /** Cost of the row that is being looked at, before any step. */
  private base = 0
  private nodes = new Int32Array(1 << 12)
  private next = new Int32Array(1 << 12)
  private used = 0

  /** Cost as one number, in the order of (switches, steps). */
  static cost(switches: number, steps: number): number {
    return switches * MAX_STATES + steps
  }

  static switches(cost: number): number {
    return Math.floor(cost / MAX_STATES)
  }

  static steps(cost: number): number {
    return cost % MAX_STATES
  }

  clear(): void {
    this.row.clear()
    this.ahead.clear()
    this.base = 0
    this.used = 0
  }

  /** Queues a node; its cost is that of the node taken last and a step more, or a step and a switch. */
  add(node: number, cost: number): void {
    if (this.used === this.nodes.length) {
      this.nodes = enlarged(this.nodes)
      this.next = enlarged(this.next)
    }
    const entry = this.used++
    this.nodes[entry] = node
    this.next[entry] = -1
    const steps = cost - this.base
    const last = steps < MAX_STATES ? this.row.add(entry, steps) : this.ahead.add(entry, steps - MAX_STATES)
    if (last >= 0) this.next[last] = entry
  }

  /** The cost of what {@link take} took last. */
  get taken(): number {
    return this.base + this.row.from
  }

  /** Takes the oldest node of the least cost, or -1 if there is none. */
  take(): number {
    for (;;) {
      const entry = this.row.least()
      if (entry >= 0) {
        this.row.drop(this.next[entry])
        return this.nodes[entry]
      }
      if (this.ahead.end < 0) return -1
      const done = this.row
      this.row = this.ahead
      this.ahead = done
      done.clear()
      this.base += MAX_STATES
    }
  }
}

/** Lists of queue entries, by the number of steps. */
class Row {
  /** Nothing is left before this number of steps. */
  from = 0
  /** Largest number of steps that has a list, -1 if none has. */
  end = -1
  private first = new Int32Array(1 << 10).fill(-1)
  private last = new Int32Array(1 << 10)

  clear(): void {
    this.first.fill(-1, 0, this.end + 1)
    this.from = 0
    this.end = -1
  }

  /** Appends an entry to its list; returns the one that it comes behind, or -1 if it is the first. */
  add(entry: number, steps: number): number {
    while (steps >= this.first.length) {
      const length = this.first.length
      this.first = enlarged(this.first).fill(-1, length)
      this.last = enlarged(this.last)
    }
    const before = this.first[steps] < 0 ? -1 : this.last[steps]
    if (before < 0) this.first[steps] = entry
    this.last[steps] = entry
    if (steps > this.end) this.end = steps
    return before
  }

  /** The oldest entry of the fewest steps, or -1. */
  least(): number {
    for (; this.from <= this.end; this.from++) {
      const entry = this.first[this.from]
      if (entry >= 0) return entry
    }
    return -1
  }

  /** Takes the oldest entry off; `next` comes behind it. */
  drop(next: number): void {
    this.first[this.from] = next
  }
}
