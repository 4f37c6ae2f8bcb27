/**
 * Makes a race small. First the workload: operations are taken out as long as the smallest schedule of what is left
 * still violates the same invariant. Then the proof: all workloads of that size or smaller. Where those are too many, and
 * none of fewer operations will do, the race is held against those near it, and what is then the smallest against all that
 * are left of it. All of these are searches for something smaller, so if there is anything smaller it is what comes out.
 */
import { cpusAlike } from '../scenario/bounds.ts'
import type { Race } from '../scenario/race.ts'
import { canonicalWorkload } from '../scenario/canonical-workload.ts'
import { operationCount, type Workload } from '../scenario/workload.ts'
import { Worlds } from '../scenario/worlds.ts'
import { certify, descend, type Certificate, type CertifyOptions } from './certificate.ts'
import { withFewerOperations } from './fewer.ts'
import { straighten } from './straighten.ts'
import { shortest } from './shortest.ts'
import { spend } from './spent.ts'

export interface Shrunk {
  readonly race: Race
  /** Absent where no proof was feasible: the race is small, but only locally minimal. */
  readonly certificate: Certificate | undefined
}

export function shrink(given: Race, options: CertifyOptions = {}): Shrunk {
  const small = shrinkWorkload(given, options)
  const certified = certify(small, 'all-workloads', options)
  if (certified !== undefined) return certified
  // What goes round for ever is seen by none of these searches.
  if (small.cycle !== undefined) return { race: small, certificate: undefined }
  const { bounds } = small
  const fewer = withFewerOperations(small, options)
  // What comes out may be on fewer vCPUs; its proof is about as many as there were.
  if (fewer !== undefined)
    return certify({ ...fewer, bounds }, 'all-workloads', options) ?? { race: fewer, certificate: undefined }
  const race = descend(small, options)
  return certify({ ...race, bounds }, 'sub-workloads', options) ?? { race, certificate: undefined }
}

/**
 * Takes operations out while the invariant can still be violated: what {@link shrink} begins with, and all that its result
 * depends on.
 */
export function shrinkWorkload(race: Race, options: CertifyOptions = {}): Race {
  const { policy, bounds } = race
  const worlds = new Worlds(policy, bounds)
  const smallestIn = (workload: Workload): Race | undefined => {
    const stands = canonicalWorkload(workload, policy, bounds.groups, cpusAlike(policy, bounds))
    return minimalSchedule(worlds, race, stands, options)
  }
  let best = smallestIn(race.workload) ?? straighten(worlds, race)
  for (let again = true; again && options.stop?.() !== true;) {
    again = false
    for (const workload of withoutOne(best.workload)) {
      const smaller = smallestIn(workload)
      if (smaller === undefined) continue
      best = smaller
      again = true
      break
    }
  }
  return best
}

/** The workload with its smallest violating schedule, or undefined if it has none or the search is too large. */
function minimalSchedule(
  worlds: Worlds,
  race: Race,
  workload: Workload,
  { memory, spent }: CertifyOptions,
): Race | undefined {
  if (operationCount(workload) === 0) return undefined
  const { invariant } = race.violation
  const { found, states } = shortest(worlds.at(workload), { invariant, maxStates: 200_000, memory })
  spend(spent, states)
  return found && { ...race, workload, schedule: found.schedule, violation: found.violation }
}

function withoutOne(workload: Workload): Workload[] {
  return workload.flatMap((ops, cpu) =>
    ops.map((_, i) => workload.map((each, c) => (c === cpu ? each.toSpliced(i, 1) : each))),
  )
}
