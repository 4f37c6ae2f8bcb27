/** Worlds whose machine breaks one rule, and the search for what that leads to. */
import type { Violation } from '../../src/engine/system.ts'
import { explore } from '../../src/explore/exhaustive.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { featuresFor, machineFor, type Bounds } from '../../src/scenario/bounds.ts'
import { boundedWorkloads } from '../../src/scenario/enumerate-workloads.ts'
import type { Workload } from '../../src/scenario/workload.ts'
import { World } from '../../src/scenario/world.ts'
import type { Breakage } from './breaking.ts'

/** A world at the beginning of a workload, on a machine that breaks a rule. */
export function worldOf(
  policy: AnyPolicy,
  bounds: Bounds,
  workload: Workload,
  breakage: Breakage = () => {},
): World {
  const world = new World(policy, machineFor(policy, bounds, workload), featuresFor(policy, bounds, workload))
  breakage(world)
  world.load(workload)
  return world
}

export interface Search {
  readonly policy: AnyPolicy
  readonly bounds: Bounds
  /** Absent: all workloads of up to two guest operations. */
  readonly workloads?: readonly Workload[] | undefined
}

/** The first violation that exhaustive search finds, smallest workloads first. */
export function firstViolation(
  { policy, bounds, workloads }: Search,
  breakage?: Breakage,
): Violation | undefined {
  const worlds = new Map<string, World>()
  for (const workload of workloads ?? boundedWorkloads(policy, bounds.vcpus, 2, bounds.groups)) {
    const key = JSON.stringify([machineFor(policy, bounds, workload), featuresFor(policy, bounds, workload)])
    const world = worlds.get(key) ?? worldOf(policy, bounds, workload, breakage)
    worlds.set(key, world)
    world.load(workload)
    const { violation, complete } = explore(world, { maxStates: 300_000 })
    if (violation !== undefined) return violation
    if (!complete) throw new Error('the search was not complete')
  }
  return undefined
}
