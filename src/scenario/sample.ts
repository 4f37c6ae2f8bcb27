/**
 * Random workloads for hunting: operations drawn evenly, on CPUs drawn evenly. Races need operations that meet, so
 * most of a workload is about one group of pages, drawn anew for every workload; some of it is about anything. The
 * policy's own operations, if it has any, are part of what is being tried out: each joins every other workload.
 */
import type { Random } from '../engine/random.ts'
import { isOnce, operationNames } from '../guest/operations/index.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { operationDomain, type Operation, type Workload } from './workload.ts'

/** One operation in this many is drawn from the whole domain. */
const ANYTHING = 4
/** One workload in this many may leave all CPUs but one idle. */
const ALONE = 8

export function sampleWorkload(
  random: Random,
  policy: AnyPolicy,
  limits: { vcpus: number; operations: number; groups: readonly (readonly number[])[] },
): Workload {
  const { vcpus, operations, groups } = limits
  const domain = operationDomain(policy, groups).filter(({ op }) => !isOnce(policy, op))
  const focus = groups[random.below(groups.length)]
  const close = domain.filter(({ page }) => page === undefined || focus.includes(page))
  const workload: Operation[][] = Array.from({ length: vcpus }, () => [])
  const count = Math.min(operations, 2 + random.below(Math.max(1, operations - 1)))
  for (let i = 0; i < count; i++) {
    const from = random.below(ANYTHING) === 0 ? domain : close
    workload[random.below(vcpus)].push(from[random.below(from.length)])
  }
  spread(random, workload)
  for (const op of operationNames(policy).filter((name) => isOnce(policy, name))) {
    const ops = workload[random.below(vcpus)]
    if (random.below(2) === 0) ops.splice(random.below(ops.length + 1), 0, { op })
  }
  return workload
}

/** Moves an operation to another CPU where all of them came to be on one: races need company, mostly. */
function spread(random: Random, workload: Operation[][]): void {
  const alone = workload.findIndex((ops) => ops.length > 1)
  if (workload.length < 2 || workload.filter((ops) => ops.length > 0).length > 1 || alone < 0) return
  if (random.below(ALONE) === 0) return
  const other = (alone + 1 + random.below(workload.length - 1)) % workload.length
  workload[other].push(workload[alone].pop()!)
}
