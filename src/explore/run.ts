/** One run of a system under a strategy. */
import { MAX_ENABLED, type System, type Violation } from '../engine/system.ts'
import { Memo } from './memo.ts'
import type { Strategy } from './strategy.ts'

/** A run longer than this is given up: no workload of the package comes near it. */
export const MAX_RUN = 4096

/** After so many runs from one beginning, what its states lead to is remembered. */
const RUNS_BEFORE_MEMO = 400

export interface Run {
  /** Number of transitions taken. */
  readonly steps: number
  readonly violation: Violation | undefined
}

/** Who wants to see every state that runs go through. */
export interface Watcher {
  see(state: Int32Array): void
}

/** Runs systems again and again without allocating; the last run's schedule can be read until the next one. */
export class Runner {
  readonly schedule = new Int32Array(MAX_RUN)
  private readonly enabled = new Int32Array(MAX_ENABLED)
  /** What was run last, from which beginning, how often, and the memory of it once that is worth while. */
  private last: System | undefined
  private beginning = -1
  private runs = 0
  private memo: Memo | undefined

  run(system: System, strategy: Strategy, watcher?: Watcher): Run {
    return this.play(this.remembered(system), strategy, watcher)
  }

  /** The system, or a memory of it. */
  private remembered(system: System): System {
    if (system !== this.last || system.beginnings !== this.beginning) {
      this.last = system
      this.beginning = system.beginnings
      this.runs = 0
      this.memo = undefined
    }
    if (this.runs++ < RUNS_BEFORE_MEMO) return system
    return (this.memo ??= new Memo(system))
  }

  private play(system: System, strategy: Strategy, watcher: Watcher | undefined): Run {
    const { schedule, enabled } = this
    system.reset()
    strategy.begin(system)
    let steps = 0
    let violation = system.violation
    watcher?.see(system.state)
    while (violation === undefined && steps < MAX_RUN) {
      const count = system.enabled(enabled)
      if (system.progress === 0) {
        if (!system.final()) violation = system.deadlock()
        break
      }
      const picked = enabled[strategy.choose(enabled, count, system)]
      schedule[steps++] = picked
      system.apply(picked)
      violation = system.violation
      if (watcher !== undefined && violation === undefined) watcher.see(system.state)
    }
    strategy.end(steps)
    return { steps, violation }
  }
}
