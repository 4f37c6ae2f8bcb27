/**
 * The smallest run of a policy that goes round for ever, or is stuck, and the proof that there is none smaller: every
 * workload of fewer operations, on fewer vCPUs or as large was searched, each with the whole graph of its runs. Found by
 * anybody, the same livelock comes out as the same race. Deadlocks have a certificate of their own kind, from
 * `shrink/certificate.ts`, which needs no graphs.
 */
import { checkSymmetry } from '../explore/symmetry.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { cpusAlike, type Bounds } from '../scenario/bounds.ts'
import type { Race } from '../scenario/race.ts'
import { enumerateWorkloads } from '../scenario/enumerate-workloads.ts'
import { operationCount, type Workload } from '../scenario/workload.ts'
import { Worlds } from '../scenario/worlds.ts'
import { withVcpus, type Certified } from '../shrink/certificate.ts'
import { nothingSpent, spend, type Spent } from '../shrink/spent.ts'
import { isSmaller, type Lasso } from './lasso.ts'
import { findLivelock, type LivelockOptions } from './livelock.ts'

/** Most operations, and most workloads of so many operations, that a search for something smaller goes through. */
const MAX_OPERATIONS = 3
const MAX_WORKLOADS = 5000

/**
 * Finds the smallest lasso among workloads of at most as many operations as a livelock has, and proves that there is none
 * smaller. Machines have as many vCPUs as that of `race` or fewer.
 * @returns undefined if that is too much to search
 */
export function certifyLivelock(race: Race, options: LivelockOptions = {}): Certified | undefined {
  const { policy, bounds: largest } = race
  const most = operationCount(race.workload)
  const spent = nothingSpent()
  if (most > MAX_OPERATIONS) return undefined
  for (let operations = 1; operations <= most; operations++) {
    for (let vcpus = 1; vcpus <= largest.vcpus; vcpus++) {
      const bounds = withVcpus(largest, vcpus)
      checkSymmetry(policy, bounds)
      const least = smallestOf(policy, bounds, operations, spent, options)
      if (least === 'too large') return undefined
      if (least === undefined) continue
      const machine = { vcpus: largest.vcpus, pcpus: largest.pcpus }
      return {
        race: raceOf({ policy, bounds }, least.workload, least.lasso),
        certificate: { scope: 'all-workloads', ...spent, ...(vcpus < largest.vcpus && { machine }) },
      }
    }
  }
  return undefined
}

interface Found {
  readonly workload: Workload
  readonly lasso: Lasso
}

/** The smallest lasso of the workloads of so many operations; the first of those that are as small. */
function smallestOf(
  policy: AnyPolicy,
  bounds: Bounds,
  operations: number,
  spent: Spent,
  options: LivelockOptions,
): Found | 'too large' | undefined {
  const alike = cpusAlike(policy, bounds)
  const workloads = enumerateWorkloads(policy, bounds.vcpus, operations, bounds.groups, alike)
  if (workloads.length > MAX_WORKLOADS) return 'too large'
  const worlds = new Worlds(policy, bounds)
  let least: Found | undefined
  for (const workload of workloads) {
    const { verdict, lasso, states } = findLivelock(worlds.at(workload), options)
    spend(spent, states)
    spend(options.spent, states)
    if (verdict === 'not established' || lasso?.minimal === false) return 'too large'
    if (lasso !== undefined && (least === undefined || isSmaller(lasso, least.lasso)))
      least = { workload, lasso }
  }
  return least
}

/** The race that a lasso of a workload is. */
export function raceOf(
  around: { readonly policy: AnyPolicy; readonly bounds: Bounds },
  workload: Workload,
  { stem, cycle, violation }: Lasso,
): Race {
  const schedule = Int32Array.from([...stem, ...cycle])
  return { ...around, workload, schedule, ...(cycle.length > 0 && { cycle: cycle.length }), violation }
}
