/**
 * Whether every fair run of a repaired policy comes to its end, in every workload of the space. A wait that was inserted
 * may be one for what nobody does, and where only other workloads than the race's go through it, only they tell.
 * Speculative walks are left out, for nobody waits for them. All graphs together have a budget of states; what lies
 * beyond is not established.
 */
import type { AnyPolicy } from '../guest/policy.ts'
import { findLivelock } from '../liveness/livelock.ts'
import { cpusAlike, makeBounds, type Bounds } from '../scenario/bounds.ts'
import { eachBoundedWorkload } from '../scenario/enumerate-workloads.ts'
import type { Workload } from '../scenario/workload.ts'
import { Worlds } from '../scenario/worlds.ts'

/** How far it is known that every fair run ends. */
export interface Live {
  /** Workloads whose fair runs all end, and the states of their graphs. */
  readonly workloads: number
  readonly states: number
  /** Why nothing is said of the others, as part of a sentence; absent where there are none. */
  readonly notEstablished?: string
}

/** A workload with a fair run that never ends. */
export interface Endless {
  readonly workload: Workload
  readonly verdict: 'deadlock' | 'livelock'
  readonly explanation: string
}

export interface EndlessOptions {
  readonly bounds: Bounds
  readonly operations: number
  /** States of all graphs together, at most. */
  readonly maxStates: number
  readonly stop: (() => boolean) | undefined
}

/** Looks for a fair run without end, in the workloads of a space from the smallest on. */
export function endlessRun(
  policy: AnyPolicy,
  { bounds: given, operations, maxStates, stop }: EndlessOptions,
): Live | Endless {
  const bounds = makeBounds({ ...given, speculation: 0 })
  const { vcpus, groups } = bounds
  const worlds = new Worlds(policy, bounds)
  let workloads = 0
  let states = 0
  for (const workload of eachBoundedWorkload(policy, vcpus, operations, groups, cpusAlike(policy, bounds))) {
    const left = maxStates - states
    const found = findLivelock(worlds.at(workload), { maxStates: left, ...(stop && { stop }) })
    if (found.verdict === 'not established') {
      const why =
        stop?.() === true ? 'time ended' : `it takes more than ${maxStates.toLocaleString('en')} states`
      return { workloads, states, notEstablished: why }
    }
    if (found.lasso !== undefined) {
      const { verdict, lasso } = found
      return { workload, verdict: verdict as Endless['verdict'], explanation: lasso.violation.explanation }
    }
    workloads++
    states += found.states
  }
  return { workloads, states }
}
