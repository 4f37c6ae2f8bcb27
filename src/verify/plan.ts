/** The units of a verification: each explores one workload, in the order of their size. */
import type { MemoryLimit } from '../engine/memory.ts'
import type { Violation } from '../engine/system.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { explore } from '../explore/exhaustive.ts'
import type { WitnessKind } from '../machine/facts.ts'
import type { Plan, Stop, UnitResult } from '../plan/plan.ts'
import { ReducedWorld, reduced } from '../reduce/index.ts'
import type { Bounds } from '../scenario/bounds.ts'
import type { Race } from '../scenario/race.ts'
import { Worlds } from '../scenario/worlds.ts'
import { shortest } from '../shrink/shortest.ts'
import { WorkloadList } from './workload-list.ts'

export interface VerifyPlanOptions {
  readonly policy: AnyPolicy
  readonly bounds: Bounds
  /** Guest operations of a workload, at most; the policy's own come in addition, each at most once. */
  readonly operations: number
  /** States of one workload, at most. */
  readonly maxStates?: number | undefined
  readonly memory?: MemoryLimit | undefined
  /** False: schedules that differ in nothing that anybody can notice are all searched. Default true. */
  readonly reduces?: boolean
  /** Of a workload with a race, look for races of other invariants as well. Default: the first violation is enough. */
  readonly everyInvariant?: boolean
}

/** What exploring one workload came to: plain data, that another thread may have made. */
export interface ExploredUnit extends UnitResult {
  readonly states: number
  readonly transitions: number
  readonly depth: number
  /** True if the states were made fewer by scheduling symmetry. */
  readonly reduced: boolean
  /** The first violation met. */
  readonly violation: Violation | undefined
  /** Names of the invariants that may be violated, where they were looked for; the search went on behind violations. */
  readonly suspects: readonly string[]
  readonly witnesses: readonly WitnessKind[]
  /** True if it is not whole because memory ended. */
  readonly full: boolean
}

export class VerifyPlan implements Plan<ExploredUnit> {
  readonly workloads: WorkloadList
  readonly options: VerifyPlanOptions
  private readonly worlds: Worlds

  constructor(options: VerifyPlanOptions) {
    const { policy, bounds, operations } = options
    this.options = options
    this.workloads = new WorkloadList(policy, bounds, operations)
    this.worlds = new Worlds(policy, bounds)
  }

  has(unit: number): boolean {
    return this.workloads.at(unit) !== undefined
  }

  run(unit: number, stop: Stop<ExploredUnit>): ExploredUnit {
    const { worlds } = this
    const { maxStates, memory } = this.options
    worlds.forgetWitnesses()
    const world = worlds.at(this.workloads.at(unit)!)
    const system = this.options.reduces === false ? world : reduced(world)
    const options = { ...(maxStates !== undefined && { maxStates }), memory, stop: () => stop(undefined) }
    const { complete, full, states, transitions, depth, violation } = explore(system, options)
    const witnesses = [...worlds.witnessed()]
    const everything = violation !== undefined && this.options.everyInvariant === true
    const suspects = everything ? [...explore(world, { ...options, countOnly: true }).violated] : []
    const fewer = system instanceof ReducedWorld && system.reduces
    return {
      whole: complete,
      full,
      states,
      transitions,
      depth,
      reduced: fewer,
      violation,
      suspects,
      witnesses,
    }
  }

  /** The smallest race of a unit's workload that violates an invariant, if there is one that can be found. */
  race(unit: number, invariant: string): Race | undefined {
    const { policy, bounds, memory } = this.options
    const workload = this.workloads.at(unit)!
    const { found } = shortest(this.worlds.at(workload), { invariant, memory })
    return found && { policy, bounds, workload, schedule: found.schedule, violation: found.violation }
  }
}
