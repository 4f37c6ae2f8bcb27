/**
 * Liveness of a policy: every workload within the bounds, each with the whole graph of its runs. A policy is live there if
 * no fair run is stuck or goes round for ever. Where one does, the smallest comes out, in the order of races: operations,
 * vCPUs, context switches, steps; that nothing smaller was left out is its certificate.
 *
 * It costs what it takes to keep every transition of a workload's runs: a few million at most, where a search for states
 * alone does with many more. Beyond that the answer is `not established`. Counters that grow without end keep a loop from
 * ever coming back to a state; the words of this package have a largest value, and a policy that exceeds it is told so.
 */
import type { AnyPolicy } from '../guest/policy.ts'
import { checkSymmetry } from '../explore/symmetry.ts'
import { boundsFor, cpusAlike, tellBounds, type Bounds } from '../scenario/bounds.ts'
import type { Race } from '../scenario/race.ts'
import { eachBoundedWorkload } from '../scenario/enumerate-workloads.ts'
import { Worlds } from '../scenario/worlds.ts'
import type { Certificate } from '../shrink/certificate.ts'
import { shrink, type Shrunk } from '../shrink/shrink.ts'
import { certifyLivelock, raceOf } from './certify.ts'
import { findLivelock, type LivelockOptions } from './livelock.ts'

export interface LivenessOptions extends LivelockOptions {
  readonly policy: AnyPolicy
  readonly bounds: Bounds
  /** Guest operations of a workload, at most; the policy's own come in addition, each at most once. */
  readonly operations: number
  readonly onProgress?: (progress: LivenessProgress) => void
}

export interface LivenessProgress {
  readonly workloads: number
  readonly states: number
}

export interface Liveness {
  /** `not established` where a graph was too large or the search was given up, and nothing was found in the others. */
  readonly verdict: 'live' | 'deadlock' | 'livelock' | 'not established'
  readonly bounds: Bounds
  readonly operations: number
  readonly workloads: number
  /** Of these workloads, those whose graphs were too large: nothing is known of them. */
  readonly givenUp: number
  readonly states: number
  readonly transitions: number
  readonly seconds: number
  /** The smallest run that is stuck or goes round; the transitions that repeat are the last `cycle` of its schedule. */
  readonly race: Race | undefined
  /** The proof that there is no smaller one; absent where some graph was too large. */
  readonly certificate: Certificate | undefined
}

/**
 * The bounds that liveness is searched within unless others are named: those of everything else, without speculative
 * walks, which nobody waits for and which cost an order of magnitude in states.
 */
export const livenessBounds = (policy: AnyPolicy, given: Partial<Bounds> = {}): Bounds =>
  boundsFor(policy, { speculation: 0, ...given })

/**
 * Looks for fair runs of a policy that never get anywhere.
 * @throws ShootdownError if the policy claims a symmetry that it has not, or its code is at fault otherwise
 */
export function liveness(options: LivenessOptions): Liveness {
  const { policy, bounds, operations, stop, onProgress } = options
  const begun = performance.now()
  checkSymmetry(policy, bounds)
  const worlds = new Worlds(policy, bounds)
  const spent = { workloads: 0, givenUp: 0, states: 0, transitions: 0 }
  let everywhere = true
  let found: Race | undefined
  for (const workload of eachBoundedWorkload(
    policy,
    bounds.vcpus,
    operations,
    bounds.groups,
    cpusAlike(policy, bounds),
  )) {
    const result = stop?.() === true ? undefined : findLivelock(worlds.at(workload), options)
    if (result === undefined || result.verdict === 'not established') everywhere = false
    if (result === undefined) break
    if (result.verdict === 'not established') spent.givenUp++
    spent.workloads++
    spent.states += result.states
    spent.transitions += result.transitions
    onProgress?.(spent)
    if (result.lasso === undefined) continue
    found = raceOf({ policy, bounds }, workload, result.lasso)
    break
  }
  const { race, certificate } = found === undefined ? { race: undefined } : smallest(found, options)
  return {
    verdict: race === undefined ? (everywhere ? 'live' : 'not established') : kindOf(race),
    bounds,
    operations,
    ...spent,
    seconds: (performance.now() - begun) / 1000,
    race,
    certificate,
  }
}

const kindOf = ({ cycle }: Race): 'deadlock' | 'livelock' => (cycle === undefined ? 'deadlock' : 'livelock')

/** The smallest of the races like one that was found; the same, without a proof, where there are too many to look at. */
function smallest(found: Race, limits: LivelockOptions): Shrunk {
  if (found.cycle === undefined) return shrink(found, limits)
  return certifyLivelock(found, limits) ?? { race: found, certificate: undefined }
}

/** One sentence: what holds within which bounds, or does not, or is not known. */
export function tellLiveness(policy: AnyPolicy, l: Liveness): string {
  const counted = `${l.workloads.toLocaleString('en')} workloads, ${l.states.toLocaleString('en')} states, ${l.transitions.toLocaleString('en')} transitions`
  const within = `up to ${l.operations} operations, ${tellBounds(l.bounds)}`
  switch (l.verdict) {
    case 'live':
      return `${policy.name}: live within bounds (${within}), every fair run comes to its end: ${counted}`
    case 'not established':
      return `${policy.name}: liveness not established within ${within}: ${tellGivenUp(l)} after ${counted}`
    default:
      return `${policy.name}: not live (${l.verdict}), found within ${within}: ${counted}`
  }
}

/** How the search ended that established nothing. */
const tellGivenUp = ({ givenUp, workloads }: Liveness): string =>
  givenUp === 0
    ? 'ended early'
    : `${givenUp.toLocaleString('en')} of ${workloads.toLocaleString('en')} workloads given up`
