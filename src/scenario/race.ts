/**
 * A race: a workload, a schedule and the violation that they end in; and the order in which races are small.
 */
import type { System, Violation } from '../engine/system.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import type { Bounds } from './bounds.ts'
import type { Workload } from './workload.ts'

export interface Race {
  readonly policy: AnyPolicy
  readonly bounds: Bounds
  readonly workload: Workload
  /** Transitions from the beginning to the violation. */
  readonly schedule: Int32Array
  /** How many of the last transitions are taken again and again, where the violation is that this goes on for ever. */
  readonly cycle?: number
  readonly violation: Violation
}

/** How large a race is: compared field by field in this order. */
export interface Size {
  readonly operations: number
  readonly vcpus: number
  /** Changes of the actor from one transition to the next. */
  readonly switches: number
  readonly steps: number
}

export function sizeOf(system: System, race: Pick<Race, 'workload' | 'schedule' | 'bounds'>): Size {
  let switches = 0
  for (let i = 1; i < race.schedule.length; i++) {
    if (system.actor(race.schedule[i]) !== system.actor(race.schedule[i - 1])) switches++
  }
  return {
    operations: race.workload.reduce((sum, ops) => sum + ops.length, 0),
    vcpus: race.bounds.vcpus,
    switches,
    steps: race.schedule.length,
  }
}
