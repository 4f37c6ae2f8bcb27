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
import { cpusAlike, tellBounds, type Bounds } from '../scenario/bounds.ts'
import type { Race } from '../scenario/race.ts'
import { eachBoundedWorkload, operationCount, type Workload } from '../scenario/workload.ts'
import { Worlds } from '../scenario/worlds.ts'
import { withVcpus, type Certificate } from '../shrink/certificate.ts'
import type { Lasso } from './lasso.ts'
import { findLivelock } from './livelock.ts'

export interface LivenessOptions {
  readonly policy: AnyPolicy
  readonly bounds: Bounds
  /** Guest operations of a workload, at most; the policy's own come in addition, each at most once. */
  readonly operations: number
  /** States of one workload, at most. Default 1 million. */
  readonly maxStates?: number
  readonly stop?: () => boolean
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
  readonly states: number
  readonly transitions: number
  readonly seconds: number
  /** The smallest run that is stuck or goes round; the transitions that repeat are the last `cycle` of its schedule. */
  readonly race: Race | undefined
  /** The proof that there is no smaller one; absent where some graph was too large. */
  readonly certificate: Certificate | undefined
}

/** What was found among the workloads of a machine with so many vCPUs. */
interface Found {
  readonly vcpus: number
  readonly workload: Workload
  readonly lasso: Lasso
}

/**
 * Looks for fair runs of a policy that never get anywhere.
 * @throws ShootdownError if the policy claims a symmetry that it has not, or its code is at fault otherwise
 */
export function liveness(options: LivenessOptions): Liveness {
  const { policy, bounds, operations } = options
  const begun = performance.now()
  const search = new Search(options)
  let found = search.smallest(bounds.vcpus, Infinity)
  // On a machine with fewer vCPUs the same may come with as many operations, or fewer.
  for (let vcpus = bounds.vcpus - 1; vcpus >= 1 && found !== undefined; vcpus--)
    found = search.smallest(vcpus, operationCount(found.workload)) ?? found
  const { workloads, states, transitions, everywhere } = search
  const stuck = found?.lasso.cycle.length === 0
  const machine =
    found?.vcpus === bounds.vcpus ? {} : { machine: { vcpus: bounds.vcpus, pcpus: bounds.pcpus } }
  return {
    verdict:
      found !== undefined ? (stuck ? 'deadlock' : 'livelock') : everywhere ? 'live' : 'not established',
    bounds,
    operations,
    workloads,
    states,
    transitions,
    seconds: (performance.now() - begun) / 1000,
    race: found && raceOf(policy, bounds, found),
    certificate:
      found?.lasso.minimal === true && everywhere
        ? { scope: 'all-workloads', workloads, states, ...machine }
        : undefined,
  }
}

class Search {
  workloads = 0
  states = 0
  transitions = 0
  /** False once a graph was too large, or the search was given up. */
  everywhere = true
  private readonly options: LivenessOptions

  constructor(options: LivenessOptions) {
    this.options = options
  }

  /** The smallest lasso of any workload of at most so many operations, on a machine with so many vCPUs. */
  smallest(vcpus: number, atMost: number): Found | undefined {
    const { policy, operations, maxStates, stop, onProgress } = this.options
    const bounds = withVcpus(this.options.bounds, vcpus)
    checkSymmetry(policy, bounds)
    const worlds = new Worlds(policy, bounds)
    const alike = cpusAlike(policy, bounds)
    let least: Found | undefined
    for (const workload of eachBoundedWorkload(policy, vcpus, operations, bounds.groups, alike)) {
      // Workloads come in the order of their size.
      const size = operationCount(workload)
      if (size > atMost || (least !== undefined && size > operationCount(least.workload))) break
      if (stop?.() === true) {
        this.everywhere = false
        break
      }
      const result = findLivelock(worlds.at(workload), {
        ...(maxStates && { maxStates }),
        ...(stop && { stop }),
      })
      this.workloads++
      this.states += result.states
      this.transitions += result.transitions
      if (result.verdict === 'not established') this.everywhere = false
      const { lasso } = result
      if (lasso !== undefined && (least === undefined || isSmaller(lasso, least.lasso)))
        least = { vcpus, workload, lasso }
      onProgress?.({ workloads: this.workloads, states: this.states })
    }
    return least
  }
}

const isSmaller = ({ cost: a }: Lasso, { cost: b }: Lasso): boolean =>
  a.switches < b.switches || (a.switches === b.switches && a.steps < b.steps)

function raceOf(policy: AnyPolicy, bounds: Bounds, { vcpus, workload, lasso }: Found): Race {
  const { stem, cycle, violation } = lasso
  return {
    policy,
    bounds: withVcpus(bounds, vcpus),
    workload,
    schedule: Int32Array.from([...stem, ...cycle]),
    ...(cycle.length > 0 && { cycle: cycle.length }),
    violation,
  }
}

/** One sentence: what holds within which bounds, or does not, or is not known. */
export function tellLiveness(policy: AnyPolicy, l: Liveness): string {
  const counted = `${l.workloads.toLocaleString('en')} workloads, ${l.states.toLocaleString('en')} states, ${l.transitions.toLocaleString('en')} transitions`
  const within = `up to ${l.operations} operations, ${tellBounds(l.bounds)}`
  switch (l.verdict) {
    case 'live':
      return `${policy.name}: live within bounds (${within}), every fair run comes to its end: ${counted}`
    case 'not established':
      return `${policy.name}: liveness not established within ${within}: given up after ${counted}`
    default:
      return `${policy.name}: not live (${l.verdict}), found within ${within}: ${counted}`
  }
}
