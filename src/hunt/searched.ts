/** What the units of a random search come to, merged in their order. */
import { z } from 'zod'
import type { WitnessKind } from '../machine/facts.ts'
import { count, metSchema, readMet, witnessesSchema, writeMet } from '../plan/tally.ts'
import type { Met } from '../scenario/race.ts'
import type { SearchedUnit } from './search.ts'
import { Sketch } from './sketch.ts'

/** How it is written down. */
export const searchedSchema = z.strictObject({
  units: count,
  runs: count,
  steps: count,
  length: count,
  workloads: count,
  counted: count,
  states: count,
  met: metSchema,
  witnesses: witnessesSchema,
  drawn: z.string(),
})

export class Searched {
  /** Units that were done to their end: the number of the next one. */
  units = 0
  runs = 0
  steps = 0
  /** The k of PCT, in steps. */
  length = 1
  /** Workloads that had all their runs. */
  workloads = 0
  /** Workloads whose states were counted, and how many were gone through. */
  counted = 0
  states = 0
  /** The first race of each invariant. */
  met: Met[] = []
  witnesses = new Set<WitnessKind>()
  drawn = new Sketch()

  /**
   * Takes over what a unit has, and returns the races that are the first of their invariant. Nothing may be added to a
   * unit that was stopped before its end.
   */
  add(unit: SearchedUnit): Met[] {
    const known = new Set(this.met.map(({ violation }) => violation.invariant))
    const first = unit.met
      .filter(({ violation }) => !known.has(violation.invariant))
      .map((met) => ({ ...met, run: this.runs + met.run }))
    this.met.push(...first)
    this.runs += unit.runs
    this.steps += unit.steps
    this.length = unit.length
    this.workloads += unit.workloads
    this.counted += unit.counted
    this.states += unit.states
    for (const kind of unit.witnesses) this.witnesses.add(kind)
    for (const text of unit.drawn) this.drawn.add(text)
    if (unit.whole) this.units++
    return first
  }

  write(): z.infer<typeof searchedSchema> {
    const { units, runs, steps, length, workloads, counted, states, met, witnesses, drawn } = this
    return {
      units,
      runs,
      steps,
      length,
      workloads,
      counted,
      states,
      met: writeMet(met),
      witnesses: [...witnesses],
      drawn: drawn.write(),
    }
  }

  static read({ met, witnesses, drawn, ...numbers }: z.infer<typeof searchedSchema>): Searched {
    return Object.assign(new Searched(), numbers, {
      met: readMet(met),
      witnesses: new Set(witnesses),
      drawn: Sketch.read(drawn),
    })
  }
}
