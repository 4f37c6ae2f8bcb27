/** The reductions by name; each can be had alone, and all of them give the verdict of the whole space. */
import type { System } from '../engine/system.ts'
import { Space } from '../protocol/space.ts'
import { World } from '../scenario/world.ts'
import { ReducedSpace } from './reduced-space.ts'
import { ReducedWorld, mayNotNotice } from './reduced-world.ts'

export interface Reductions {
  /** Scheduling symmetry: the host's taking away of CPUs that nobody can notice is left out. */
  readonly schedules: boolean
  /** Partial order: of steps that do not disturb each other one order is tried. Of protocols alone. */
  readonly order: boolean
  /** CPU symmetry: of states that differ by a permutation of CPUs that are alike one is kept. Of protocols alone. */
  readonly cpus: boolean
}

const ALL: Reductions = { schedules: true, order: true, cpus: true }

/** Worlds are explored again and again, and what was learned about their states is kept by system. */
const reducedWorlds = new WeakMap<World, ReducedWorld>()

/**
 * A system to be explored in place of `system`: the same invariants can be violated and the same deadlocks happen, in
 * fewer states. The system itself where nothing can be left out. Schedules and their lengths are not those of the
 * whole space: what is minimal is for `shortest` to say, of the system itself.
 */
export function reduced(system: System, reductions: Reductions = ALL): System {
  if (system instanceof Space) return new ReducedSpace(system, reductions)
  if (!(system instanceof World) || !reductions.schedules || !mayNotNotice(system)) return system
  let world = reducedWorlds.get(system)
  if (world === undefined) reducedWorlds.set(system, (world = new ReducedWorld(system)))
  return world
}
