/** What the units of a verification come to, merged in their order. */
import { z } from 'zod'
import type { WitnessKind } from '../machine/facts.ts'
import { count, metSchema, readMet, witnessesSchema, writeMet } from '../plan/tally.ts'
import type { Met } from '../scenario/race.ts'
import type { ExploredUnit } from './plan.ts'

/** How it is written down. */
export const verifiedSchema = z.strictObject({
  units: count,
  states: count,
  transitions: count,
  depth: count,
  reduced: count,
  met: metSchema,
  witnesses: witnessesSchema,
})

export class Verified {
  /** Units that were done to their end: the number of the next one, and of the workloads that were searched. */
  units = 0
  states = 0
  transitions = 0
  depth = 0
  /** Workloads whose states were made fewer by scheduling symmetry. */
  reduced = 0
  witnesses = new Set<WitnessKind>()
  /** The first race of each invariant, where a search goes on behind races. */
  met: Met[] = []

  add(unit: ExploredUnit): void {
    this.states += unit.states
    this.transitions += unit.transitions
    this.depth = Math.max(this.depth, unit.depth)
    for (const kind of unit.witnesses) this.witnesses.add(kind)
    if (unit.reduced) this.reduced++
    if (unit.whole) this.units++
  }

  write(): z.infer<typeof verifiedSchema> {
    const { units, states, transitions, depth, reduced, met, witnesses } = this
    return { units, states, transitions, depth, reduced, met: writeMet(met), witnesses: [...witnesses] }
  }

  static read({ met, witnesses, ...numbers }: z.infer<typeof verifiedSchema>): Verified {
    return Object.assign(new Verified(), numbers, { met: readMet(met), witnesses: new Set(witnesses) })
  }
}
