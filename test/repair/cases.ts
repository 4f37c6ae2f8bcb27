/** The shipped races to repair, and what is asked of their repairs. */
import {
  raceOfCase,
  repair,
  vocabulary,
  type Race,
  type Repair,
  type RepairOptions,
  type RepairWord,
} from '../../src/index.ts'
import { caseOf, policyOf } from '../corpus/shipped.ts'

export function raceOf(policy: string, invariant?: string): Race {
  const kept = caseOf(policy, invariant)
  return raceOfCase(kept.id, kept, policyOf(policy))
}

/** A repair within a space that is over in no time: one operation, and the workloads that break candidates. */
export const quickRepair = (race: Race, options: RepairOptions = {}): Repair =>
  repair(race, { operations: 1, ...options })

/** The cures as the words that they consist of, the cheapest first. */
export const wordsOf = ({ cures }: Repair): string[][] =>
  cures.map(({ insertions }) => insertions.map(({ word }) => word.name))

export const wordNamed = (name: string): RepairWord => vocabulary.find((each) => each.name === name)!
