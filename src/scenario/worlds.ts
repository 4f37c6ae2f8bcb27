/** Worlds by what their machine is like, so that workloads on equal machines share one world and its control states. */
import type { AnyPolicy } from '../guest/policy.ts'
import { featuresFor, machineFor, type Bounds } from './bounds.ts'
import type { Workload } from './workload.ts'
import { World } from './world.ts'
import type { WitnessKind } from '../machine/facts.ts'

export class Worlds {
  readonly policy: AnyPolicy
  readonly bounds: Bounds
  private readonly known = new Map<string, World>()

  constructor(policy: AnyPolicy, bounds: Bounds) {
    this.policy = policy
    this.bounds = bounds
  }

  /** A world at the beginning of a workload. The next call may hand out the same one again. */
  at(workload: Workload): World {
    const machine = machineFor(this.policy, this.bounds, workload)
    const features = featuresFor(this.policy, this.bounds, workload)
    const key = JSON.stringify([machine.pages, machine.spaces, features])
    let world = this.known.get(key)
    if (world === undefined) this.known.set(key, (world = new World(this.policy, machine, features)))
    world.load(workload)
    return world
  }

  /** Dangerous situations that any of the worlds has reached. */
  witnessed(): Set<WitnessKind> {
    return new Set([...this.known.values()].flatMap((world) => [...world.witnessed]))
  }
}
