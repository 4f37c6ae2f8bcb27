/**
 * What a cycle still owes, as the bits of one number. A weak duty has a bit that says it is settled: fulfilled, or not
 * owed in some state on the way. A strong one has two, for it must be fulfilled if any state on the way owes it: that it
 * is owed, and that it is fulfilled. Duties that nobody in the component owes have none.
 */
import type { Graph } from './graph.ts'

/** Bits of a number, one of them its sign. */
const MAX_BITS = 31

export class Ledger {
  /** False if there are more duties than one number can hold. */
  readonly fits: boolean
  private readonly graph: Graph
  /** By duty: the bit that is set once it is fulfilled; by strong duty: the bit that is set once it is owed. */
  private readonly settled = new Map<number, number>()
  private readonly called = new Map<number, number>()
  /** By set of duties: the bits that a state sets which owes it. */
  private readonly seen = new Map<number, number>()
  /** Bits of all weak duties. */
  private weak = 0

  constructor(graph: Graph, component: readonly number[]) {
    const owed = new Set<number>()
    const { duties } = graph
    for (const set of new Set(component.map((state) => graph.owed[state])))
      duties.each(set, (duty) => owed.add(duty))
    let bits = 0
    for (const duty of owed) {
      this.settled.set(duty, 1 << bits++)
      if (duties.strong[duty]) this.called.set(duty, 1 << bits++)
      else this.weak |= this.settled.get(duty)!
    }
    this.graph = graph
    this.fits = bits <= MAX_BITS
  }

  /** Enters that the cycle goes through a state. */
  through(bits: number, state: number): number {
    const set = this.graph.owed[state]
    let entry = this.seen.get(set)
    if (entry === undefined) {
      entry = 0
      for (const [duty, bit] of this.settled) {
        const called = this.called.get(duty)
        if (this.graph.duties.has(set, duty)) entry |= called ?? 0
        else if (called === undefined) entry |= bit
      }
      this.seen.set(set, entry)
    }
    return bits | entry
  }

  /** Enters that the cycle fulfils a duty. */
  along(bits: number, duty: number): number {
    return bits | (this.settled.get(duty) ?? 0)
  }

  /** True if a cycle with these entries is fair. */
  isSettled(bits: number): boolean {
    if ((bits & this.weak) !== this.weak) return false
    for (const [duty, called] of this.called) {
      if ((bits & called) !== 0 && (bits & this.settled.get(duty)!) === 0) return false
    }
    return true
  }
}
