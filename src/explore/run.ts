/** One run of a system under a strategy. */
import { MAX_ENABLED, type System, type Violation } from '../engine/system.ts'
import type { Strategy } from './strategy.ts'

/** A run longer than this is given up: no workload of the package comes near it. */
const MAX_RUN = 4096

export interface Run {
  /** Number of transitions taken. */
  readonly steps: number
  readonly violation: Violation | undefined
}

/** Runs systems again and again without allocating; the last run's schedule can be read until the next one. */
export class Runner {
  readonly schedule = new Int32Array(MAX_RUN)
  private readonly enabled = new Int32Array(MAX_ENABLED)

  run(system: System, strategy: Strategy): Run {
    const { schedule, enabled } = this
    system.reset()
    strategy.begin(system)
    let steps = 0
    let violation = system.violation
    while (violation === undefined && steps < MAX_RUN) {
      const count = system.enabled(enabled)
      if (system.progress === 0) {
        if (!system.final()) violation = system.deadlock()
        break
      }
      const picked = enabled[count === 1 ? 0 : strategy.choose(enabled, count, system)]
      schedule[steps++] = picked
      system.apply(picked)
      violation = system.violation
    }
    strategy.end(steps)
    return { steps, violation }
  }
}
