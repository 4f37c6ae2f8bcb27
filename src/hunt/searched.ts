/** What the units of a random search come to, merged in their order. */
import type { WitnessKind } from '../machine/facts.ts'
import type { Met, SearchedUnit } from './search.ts'
import { Sketch } from './sketch.ts'

export class Searched {
  /** Units that were done to their end: the number of the next one. */
  units = 0
  runs = 0
  steps = 0
  /** Workloads that had all their runs. */
  workloads = 0
  /** Workloads whose states were counted, and how many were gone through. */
  counted = 0
  states = 0
  /** The first race of each invariant. */
  readonly met: Met[] = []
  readonly witnesses = new Set<WitnessKind>()
  readonly drawn = new Sketch()

  /** Takes over what a unit has; nothing may be added to one that was stopped before its end. */
  add(unit: SearchedUnit): void {
    for (const each of unit.met) {
      if (this.met.some(({ violation }) => violation.invariant === each.violation.invariant)) continue
      this.met.push({ ...each, run: this.runs + each.run })
    }
    this.runs += unit.runs
    this.steps += unit.steps
    this.workloads += unit.workloads
    this.counted += unit.counted
    this.states += unit.states
    for (const kind of unit.witnesses) this.witnesses.add(kind)
    for (const text of unit.drawn) this.drawn.add(text)
    if (unit.whole) this.units++
  }
}
