/**
 * The queue of a search in the order of (switches, steps): one first-in-first-out list a cost. Costs are small whole
 * numbers, so lists by cost beat a heap; they live in flat arrays that are used again by the next search, because a
 * certificate is made of thousands of small ones.
 */
/** Steps that a schedule may have in one search. */
export const MAX_STEPS = 1 << 10
/** Context switches that a schedule may have in one search. */
const MAX_SWITCHES = 1 << 10

export class Frontier {
  private readonly first = new Int32Array(MAX_SWITCHES * MAX_STEPS).fill(-1)
  private readonly last = new Int32Array(MAX_SWITCHES * MAX_STEPS)
  private nodes = new Int32Array(1 << 12)
  private next = new Int32Array(1 << 12)
  private used = 0
  private cost = 0
  /** Largest cost that was queued. */
  private end = -1

  /** Cost as one number, in the order of (switches, steps). */
  static cost(switches: number, steps: number): number {
    return switches * MAX_STEPS + steps
  }

  clear(): void {
    this.first.fill(-1, 0, this.end + 1)
    this.used = 0
    this.cost = 0
    this.end = -1
  }

  add(node: number, cost: number): void {
    if (this.used === this.nodes.length) {
      this.nodes = grown(this.nodes)
      this.next = grown(this.next)
    }
    const entry = this.used++
    this.nodes[entry] = node
    this.next[entry] = -1
    if (this.first[cost] < 0) this.first[cost] = entry
    else this.next[this.last[cost]] = entry
    this.last[cost] = entry
    if (cost > this.end) this.end = cost
  }

  /** The cost of what {@link take} took last. */
  get taken(): number {
    return this.cost
  }

  /** Takes the oldest node of the least cost, or -1 if there is none. */
  take(): number {
    while (this.cost <= this.end) {
      const entry = this.first[this.cost]
      if (entry >= 0) {
        this.first[this.cost] = this.next[entry]
        return this.nodes[entry]
      }
      this.cost++
    }
    return -1
  }
}

export function grown(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2)
  larger.set(array)
  return larger
}
