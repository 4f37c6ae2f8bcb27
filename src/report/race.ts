/** A race in words: what was expected, what happened, the lanes, how far the claim of minimality goes. */
import type { Unproven } from '../hunt/hunt.ts'
import { FLUSH_COMPLETES, invariants } from '../invariants/index.ts'
import { tellBounds } from '../scenario/bounds.ts'
import type { Race, Size } from '../scenario/race.ts'
import { sizeOf } from '../scenario/race.ts'
import type { Workload } from '../scenario/workload.ts'
import { Worlds } from '../scenario/worlds.ts'
import type { Certificate } from '../shrink/certificate.ts'
import { drawLanes, type Margin } from './lanes.ts'
import { tellStory, type Row } from './story.ts'

const plural = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`

/** The rows of a race's lane diagram. */
export function diagramRows(race: Race): Row[] {
  return tellStory(new Worlds(race.policy, race.bounds).at(race.workload), race.schedule)
}

/** What may be said of a race beside its lanes, and below them. */
export interface Notes {
  readonly margin?: Margin | undefined
  /** Lines. */
  readonly below: readonly string[]
}

/** The lane diagram of a race, with notes if there are any; `width` is that of the lanes. */
export const diagramOf = (race: Race, notes?: Notes, width?: number): string =>
  [
    drawLanes(diagramRows(race), race.bounds.vcpus, race.violation, {
      margin: notes?.margin,
      cycle: race.cycle,
      width,
    }),
    ...(notes === undefined ? [] : ['', ...notes.below]),
  ].join('\n')

export const raceSize = (race: Race): Size =>
  sizeOf(new Worlds(race.policy, race.bounds).at(race.workload), race)

/** `CPU0: munmap(0)   CPU1: gup_fast(0)` */
export function tellWorkload(workload: Workload): string {
  const told = workload.map((ops, cpu) => {
    const list = ops.map(({ op, page }) => (page === undefined ? op : `${op}(${page})`)).join(', ')
    return `CPU${cpu}: ${list === '' ? 'idle' : list}`
  })
  return told.join('   ')
}

/** The sentence that an invariant states. */
export function sentenceOf(race: Race): string {
  const { invariant } = race.violation
  const builtIn = [...invariants, FLUSH_COMPLETES].find(({ name }) => name === invariant)
  return (
    builtIn?.sentence ?? race.policy.invariants?.find(({ name }) => name === invariant)?.sentence ?? invariant
  )
}

/** A case does not keep why it has no certificate. */
const WHY_UNPROVEN: Readonly<Record<Unproven | 'unknown', string>> = {
  'not asked for': 'Nobody asked for a smaller one.',
  'too large': 'The search for a smaller one was too large.',
  time: 'Time ran out before the search for a smaller one was done.',
  stopped: 'The search for a smaller one was interrupted.',
  unknown: 'The search for a smaller one was too large, or was ended early.',
}

/** How small the race is, and what that claim rests on. */
export function tellMinimality(
  size: Size,
  certificate: Certificate | undefined,
  bounds: Race['bounds'],
  unproven?: Unproven,
): string {
  const measured = [
    plural(size.operations, 'operation'),
    plural(size.vcpus, 'vCPU'),
    plural(size.switches, 'context switch', 'context switches'),
    plural(size.steps, 'step'),
  ].join(', ')
  if (certificate === undefined)
    return `Small, but only locally minimal: ${measured}. ${WHY_UNPROVEN[unproven ?? 'unknown']}`
  const every =
    certificate.scope === 'all-workloads'
      ? `every workload with as many operations or fewer (${plural(certificate.workloads, 'workload')})`
      : `every workload that is left when operations are taken out (${plural(certificate.workloads, 'workload')})`
  return `Minimal: ${measured}. Searched ${every} under every smaller schedule: ${plural(certificate.states, 'state')}, within ${tellBounds({ ...bounds, ...certificate.machine })}.`
}

/**
 * Everything that a reader needs to see why a policy is broken; `notes` are what an explanation adds, `width` is that of
 * the lanes.
 */
export function tellRace(
  race: Race,
  certificate: Certificate | undefined,
  unproven?: Unproven,
  notes?: Notes,
  width?: number,
): string {
  return [
    `Policy "${race.policy.name}" violates ${race.violation.invariant}.`,
    `  expected: ${sentenceOf(race)}`,
    `  happened: ${race.violation.explanation}.`,
    `  workload: ${tellWorkload(race.workload)}`,
    '',
    diagramOf(race, notes, width),
    '',
    tellMinimality(raceSize(race), certificate, race.bounds, unproven),
  ].join('\n')
}
