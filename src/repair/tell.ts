/** A search for repairs in words: each cure as a sentence, what was searched, and what is not established. */
import { tellBounds } from '../scenario/bounds.ts'
import type { CalmCost } from './calm.ts'
import { tellInsertion } from './insertion.ts'
import type { Candidate, Cure, Repair } from './repair.ts'

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

/** What a cure has passed, and what is not known of it. */
function tellPassed({ workloads, states, live }: Cure): string {
  const passed = `passes ${plural(workloads, 'workload')}, ${plural(states, 'state')}`
  if (live.notEstablished === undefined) return `${passed}; every fair run ends`
  const known = `${plural(live.workloads, 'workload')}, ${plural(live.states, 'state')}`
  return `${passed}; that every fair run ends is not established: ${live.notEstablished}, known of ${known}`
}

/** `3`, `3 and 4`, `1 to 3, 7 and 9`. */
function tellSteps(steps: readonly number[]): string {
  const runs: number[][] = []
  for (const step of steps) {
    const last = runs.at(-1)
    if (last?.at(-1) === step - 1) last.push(step)
    else runs.push([step])
  }
  const told = runs.flatMap((run) => (run.length > 2 ? [`${run[0]} to ${run.at(-1)!}`] : run.map(String)))
  return told.length === 1 ? told[0] : `${told.slice(0, -1).join(', ')} and ${told.at(-1)!}`
}

/** Where no word can be put, for those who read that no word cures. */
function tellReach({ outOfReach }: Repair): string[] {
  const beyond =
    '  No word puts code under a lock or makes it an RCU reader, and none moves or removes a step.'
  if (outOfReach.length === 0) return [beyond]
  const whose = outOfReach.map(
    ({ cpu, operations, steps }) =>
      `${operations.join(', ')} on CPU${cpu} (${steps.length === 1 ? 'step' : 'steps'} ${tellSteps(steps)})`,
  )
  return [
    `  Out of reach is the kernel's own code, which is no part of the policy: ${whose.join('; ')}.`,
    beyond,
  ]
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
    ...cures.flatMap((cure, i) => [
      `  ${i + 1}. ${tellCandidate(cure)}`,
      `     ${tellCost(cure.cost)}; ${tellPassed(cure)}`,
    ]),
    ...(spared === 0
      ? []
      : [`  Dearer ones of the same kind were not tried: ${spared.toLocaleString('en')}.`]),
    ...(cures.length === 0 ? tellReach(repair) : []),
    ...(notEstablished === undefined
      ? []
      : [
          `  That nothing ${cures.length === 0 ? 'of it' : 'smaller or cheaper'} cures is not established: ${notEstablished}.`,
        ]),
  ]
}

const plural = (n: number, one: string): string => `${n.toLocaleString('en')} ${one}${n === 1 ? '' : 's'}`
