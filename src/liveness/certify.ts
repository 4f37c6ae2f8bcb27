/**
 * The smallest run of a policy that goes round for ever, or is stuck, and the proof that there is none smaller: every
 * workload of fewer operations, on fewer vCPUs or as large was searched, each with the whole graph of its runs. Found by
 * anybody, the same livelock comes out as the same race. Deadlocks have a certificate of their own kind, from
 * `shrink/certificate.ts`, which needs no graphs.
 */
import { checkSymmetry } from '../explore/symmetry.ts'
import { cpusAlike, type Bounds } from '../scenario/bounds.ts'
import type { Race } from '../scenario/race.ts'
import { enumerateWorkloads } from '../scenario/enumerate-workloads.ts'
import { operationCount, type Workload } from '../scenario/workload.ts'
import { Worlds } from '../scenario/worlds.ts'
import { withVcpus, type Certified } from '../shrink/certificate.ts'
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
  let workloads = 0
  let states = 0
  for (
    let operations = 1;
    operations <= Math.min(operationCount(race.workload), MAX_OPERATIONS);
    operations++
  ) {
    for (let vcpus = 1; vcpus <= largest.vcpus; vcpus++) {
      const bounds = withVcpus(largest, vcpus)
      checkSymmetry(policy, bounds)
      const alike = cpusAlike(policy, bounds)
      const candidates = enumerateWorkloads(policy, vcpus, operations, bounds.groups, alike)
      if (candidates.length > MAX_WORKLOADS) return undefined
      const worlds = new Worlds(policy, bounds)
      let least: { readonly workload: Workload; readonly lasso: Lasso } | undefined
      for (const workload of candidates) {
        const result = findLivelock(worlds.at(workload), options)
        workloads++
        states += result.states
        const { lasso, verdict } = result
        if (verdict === 'not established' || lasso?.minimal === false) return undefined
        if (lasso !== undefined && (least === undefined || isSmaller(lasso, least.lasso)))
          least = { workload, lasso }
      }
      if (least === undefined) continue
      const { pcpus } = largest
      const machine = vcpus === largest.vcpus ? {} : { machine: { vcpus: largest.vcpus, pcpus } }
      return {
        race: raceOf({ policy, bounds }, least.workload, least.lasso),
        certificate: { scope: 'all-workloads', workloads, states, ...machine },
      }
    }
  }
  return undefined
}

/** The race that a lasso of a workload is. */
export function raceOf(
  around: { readonly policy: Race['policy']; readonly bounds: Bounds },
  workload: Workload,
  { stem, cycle, violation }: Lasso,
): Race {
  const schedule = Int32Array.from([...stem, ...cycle])
  return { ...around, workload, schedule, ...(cycle.length > 0 && { cycle: cycle.length }), violation }
}
