/** What the units of a verification come to, merged in their order. */
import type { WitnessKind } from '../machine/facts.ts'
import type { ExploredUnit } from './plan.ts'

export class Verified {
  /** Units that were done to their end: the number of the next one, and of the workloads that were searched. */
  units = 0
  states = 0
  transitions = 0
  depth = 0
  readonly witnesses = new Set<WitnessKind>()

  add(unit: ExploredUnit): void {
    this.states += unit.states
    this.transitions += unit.transitions
    this.depth = Math.max(this.depth, unit.depth)
    for (const kind of unit.witnesses) this.witnesses.add(kind)
    if (unit.whole) this.units++
  }
}
