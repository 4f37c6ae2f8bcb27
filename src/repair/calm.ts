/**
 * Calm runs: each guest operation alone, while everybody else reacts at once and nothing is preempted, speculated or
 * evicted. They say what a repair costs where nothing is at stake, and whether the operations still get done what they
 * are there for: a table that is never freed is never freed too early either.
 */
import { MAX_ENABLED } from '../engine/system.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { SYNC_RCU_END } from '../guest/rcu.ts'
import { KIND } from '../machine/frame-word.ts'
import { SEND_IPI } from '../machine/interrupts.ts'
import type { Bounds } from '../scenario/bounds.ts'
import { operationDomain, type Operation } from '../scenario/workload.ts'
import type { World } from '../scenario/world.ts'
import { Worlds } from '../scenario/worlds.ts'

/** What the calm runs of a policy take together. */
export interface CalmCost {
  /** Grace periods that were waited for. */
  readonly gracePeriods: number
  readonly ipis: number
  readonly steps: number
}

export const NO_COST: CalmCost = { gracePeriods: 0, ipis: 0, steps: 0 }

export interface Calm {
  readonly cost: CalmCost
  /** What every frame is in the end, by operation. */
  readonly outcome: string
}

/** A calm run that takes more transitions does not end. */
const MAX_TRANSITIONS = 2000

/** Runs every operation alone on the first CPU. */
export function calmRuns(policy: AnyPolicy, bounds: Bounds): Calm {
  const worlds = new Worlds(policy, { ...bounds, preemptions: 0, speculation: 0, eviction: false })
  const cost = { ...NO_COST }
  const seen = new Set<string>()
  const outcomes: string[] = []
  for (const operation of operationDomain(policy, bounds.groups)) {
    if (seen.has(operation.op)) continue
    seen.add(operation.op)
    outcomes.push(runAlone(worlds.at(alone(operation, bounds.vcpus)), cost))
  }
  return { cost, outcome: outcomes.join(';') }
}

const alone = (operation: Operation, vcpus: number): Operation[][] =>
  Array.from({ length: vcpus }, (_, v) => (v === 0 ? [operation] : []))

function runAlone(world: World, cost: { -readonly [K in keyof CalmCost]: number }): string {
  const enabled = new Int32Array(MAX_ENABLED)
  world.tracer = (_v, node) => {
    const { op } = world.co.steps[node]
    cost.steps++
    if (op === SEND_IPI) cost.ipis++
    if (op === SYNC_RCU_END) cost.gracePeriods++
  }
  world.reset()
  world.enabled(enabled)
  const actor = world.actor(enabled[0])
  for (let taken = 0; taken < MAX_TRANSITIONS; taken++) {
    world.enabled(enabled)
    if (world.progress === 0) break
    const others = enabled.subarray(0, world.progress).find((each) => world.actor(each) !== actor)
    world.apply(others ?? enabled[0])
    world.clearViolation()
  }
  world.tracer = undefined
  const { S, frame, geometry } = world.machine
  const kinds = Array.from(S.subarray(frame + 1, frame + 1 + geometry.frames), (word) => word & KIND)
  return `${world.final()} ${kinds.join('')}`
}

/** What `a` takes more than `b`. */
export const costAbove = (a: CalmCost, b: CalmCost): CalmCost => ({
  gracePeriods: a.gracePeriods - b.gracePeriods,
  ipis: a.ipis - b.ipis,
  steps: a.steps - b.steps,
})

export const costSum = (costs: readonly CalmCost[]): CalmCost =>
  costs.reduce((a, b) => ({
    gracePeriods: a.gracePeriods + b.gracePeriods,
    ipis: a.ipis + b.ipis,
    steps: a.steps + b.steps,
  }))

/** Cheaper first: a grace period takes milliseconds, an IPI microseconds, a step nanoseconds. */
export const compareCosts = (a: CalmCost, b: CalmCost): number =>
  a.gracePeriods - b.gracePeriods || a.ipis - b.ipis || a.steps - b.steps
