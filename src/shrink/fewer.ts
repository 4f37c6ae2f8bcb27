/**
 * Whether fewer operations break an invariant as well, for races whose own number of them makes too many workloads to be
 * searched. Only whether there is a race is asked, not how small it is, so this is an exhaustive search with reductions,
 * several times faster than one for the smallest schedule. It goes on behind violations of other invariants, which a
 * schedule does not: what it meets is held against the search for a schedule.
 */
import { ShootdownError } from '../errors.ts'
import { explore } from '../explore/exhaustive.ts'
import { reduced } from '../reduce/index.ts'
import type { Race } from '../scenario/race.ts'
import { operationCount } from '../scenario/workload.ts'
import { Worlds } from '../scenario/worlds.ts'
import { MAX_STATES, withVcpus, type CertifyOptions } from './certificate.ts'
import { allWorkloads } from './candidates.ts'
import { shortest } from './shortest.ts'

/** A race of the same invariant with fewer operations; undefined if there is none, or that was not found out. */
export function withFewerOperations(
  race: Race,
  { maxStates = MAX_STATES, stop, memory }: CertifyOptions = {},
): Race | undefined {
  const { policy, workload: own } = race
  const { invariant } = race.violation
  let left = maxStates
  for (let operations = 1; operations < operationCount(own); operations++) {
    for (let vcpus = 1; vcpus <= race.bounds.vcpus; vcpus++) {
      const bounds = withVcpus(race.bounds, vcpus)
      const worlds = new Worlds(policy, bounds)
      for (const workload of allWorkloads(policy, own, bounds, operations) ?? []) {
        if (stop?.() === true) return undefined
        const world = worlds.at(workload)
        const searched = within(() => explore(reduced(world), { countOnly: true, maxStates: left, memory }))
        if (searched?.complete !== true) return undefined
        left -= searched.states
        if (!searched.violated.has(invariant)) continue
        const { found } = shortest(world, { invariant, maxStates: left, memory })
        if (found !== undefined)
          return { policy, bounds, workload, schedule: found.schedule, violation: found.violation }
      }
    }
  }
  return undefined
}

/** What a search comes to, or undefined if it has more states than it may have. */
function within<T>(search: () => T): T | undefined {
  try {
    return search()
  } catch (thrown) {
    if (thrown instanceof ShootdownError && thrown.code === 'tooManyStates') return undefined
    throw thrown
  }
}
