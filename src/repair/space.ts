/**
 * The space that a cure has to pass, unless another one is asked for: no smaller than the race itself, and no smaller
 * than what its policy is raced in.
 */
import { isOnce } from '../guest/operations/index.ts'
import { boundsFor, makeBounds, type Bounds } from '../scenario/bounds.ts'
import type { Race } from '../scenario/race.ts'

const OPERATIONS = 2

/**
 * Guest operations of a workload, at most: as many as make the race's own workload one of the space. What a policy has
 * once comes in addition and does not count.
 */
export const operationsOf = ({ policy, workload }: Race): number =>
  Math.max(OPERATIONS, workload.flat().filter(({ op }) => !isOnce(policy, op)).length)

/** The race's bounds, and at least as many CPUs as the policy is raced on: a race may need fewer than a cure must hold for. */
export function boundsOf({ policy, bounds }: Race): Bounds {
  const { vcpus, pcpus } = boundsFor(policy)
  return makeBounds({ ...bounds, ...(vcpus > bounds.vcpus && { vcpus, pcpus }) })
}
