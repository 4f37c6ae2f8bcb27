/** Worlds by what their machine is like, so that workloads on equal machines share one world and its control states. */
import type { AnyPolicy } from '../guest/policy.ts'
import { featuresFor, machineFor, spacesFor, type Bounds } from './bounds.ts'
import { mappedPages, type Workload } from './workload.ts'
import { World } from './world.ts'
import { WITNESSES, type WitnessKind } from '../machine/facts.ts'

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
    const { policy, bounds } = this
    const features = featuresFor(policy, bounds, workload)
    // What machines for one policy within the same bounds differ in; a machine is configured for each once.
    const key = JSON.stringify([mappedPages(workload, bounds.groups), spacesFor(policy, workload), features])
    const world = this.known.get(key) ?? new World(policy, machineFor(policy, bounds, workload), features)
    this.known.set(key, world)
    world.load(workload)
    return world
  }

  /** Begins anew with {@link witnessed}. */
  forgetWitnesses(): void {
    for (const world of this.known.values()) world.witnessed.clear()
  }

  /** Dangerous situations that any of the worlds has reached, always in the same order. */
  witnessed(): Set<WitnessKind> {
    const worlds = [...this.known.values()]
    const kinds = Object.keys(WITNESSES) as WitnessKind[]
    return new Set(kinds.filter((kind) => worlds.some(({ witnessed }) => witnessed.has(kind))))
  }
}
