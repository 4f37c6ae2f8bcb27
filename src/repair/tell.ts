/** A search for repairs in words: each cure as a sentence, what was searched, and what is not established. */
import { tellBounds } from '../scenario/bounds.ts'
import type { CalmCost } from './calm.ts'
import { tellInsertion } from './insertion.ts'
import type { Candidate, Repair } from './repair.ts'

/** The insertions of a candidate as one sentence without its full stop. */
export const tellCandidate = ({ insertions }: Candidate): string =>
  insertions.map(tellInsertion).join('; and ')

/** What a candidate adds where nothing is at stake. */
function tellCost({ gracePeriods, ipis, steps }: CalmCost): string {
  const parts = [
    ...(gracePeriods > 0 ? [plural(gracePeriods, 'grace period')] : []),
    ...(ipis > 0 ? [plural(ipis, 'IPI')] : []),
    ...(steps > 0 ? [plural(steps, 'step')] : []),
  ]
  return `costs ${parts.length === 0 ? 'nothing' : parts.join(', ')} in calm runs`
}

/** What came of a search for repairs, line by line. */
export function tellRepair(repair: Repair): string[] {
  const { race, bounds, operations, cures, rejected, spared, states, notEstablished } = repair
  const { name } = race.policy
  const within = `up to ${operations} operations, ${tellBounds(bounds)}`
  const searched = `tried ${plural(cures.length + rejected.length, 'candidate')} within ${within}: ${plural(states, 'state')}`
  const head =
    cures.length === 0
      ? `${name}: no cure was found in the vocabulary of repairs`
      : `${name}: cured by ${plural(cures[0].insertions.length, 'insertion')}`
  return [
    `${head}; ${searched}`,
    ...cures.map((cure, i) => {
      const passed = `passes ${plural(cure.workloads, 'workload')}, ${plural(cure.states, 'state')}`
      return `  ${i + 1}. ${tellCandidate(cure)} (${tellCost(cure.cost)}; ${passed})`
    }),
    ...(spared === 0
      ? []
      : [`  Dearer ones of the same kind were not tried: ${spared.toLocaleString('en')}.`]),
    ...(notEstablished === undefined
      ? []
      : [
          `  That nothing ${cures.length === 0 ? 'of it' : 'smaller or cheaper'} cures is not established: ${notEstablished}.`,
        ]),
  ]
}

const plural = (n: number, one: string): string => `${n.toLocaleString('en')} ${one}${n === 1 ? '' : 's'}`
