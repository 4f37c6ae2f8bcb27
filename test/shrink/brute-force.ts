/**
 * The smallest violating schedule, found the plain way twice: by walking every schedule there is, and, where those are
 * too many, by lowering the cost of every state until none can be lowered. Neither shares anything with the package.
 */
import { MAX_ENABLED, type System } from '../../src/engine/system.ts'

export interface PlainCost {
  readonly switches: number
  readonly steps: number
}

const isLess = (a: PlainCost, b: PlainCost | undefined): boolean =>
  b === undefined || a.switches < b.switches || (a.switches === b.switches && a.steps < b.steps)

/** The cost of a schedule. */
export function costOf(system: System, schedule: readonly number[]): PlainCost {
  const actors = schedule.map((transition) => system.actor(transition))
  const switches = actors.filter((actor, i) => i > 0 && actor !== actors[i - 1]).length
  return { switches, steps: schedule.length }
}

/** By invariant, the least cost of all schedules that violate it; for systems whose schedules all end. */
export function everySchedule(system: System): { schedules: number; least: Map<string, PlainCost> } {
  const least = new Map<string, PlainCost>()
  let schedules = 0
  const end = (invariant: string | undefined, schedule: readonly number[]): void => {
    schedules++
    if (invariant === undefined) return
    const cost = costOf(system, schedule)
    if (isLess(cost, least.get(invariant))) least.set(invariant, cost)
  }
  const walk = (state: Int32Array, schedule: readonly number[]): void => {
    system.state.set(state)
    const out = new Int32Array(MAX_ENABLED)
    const enabled = [...out.subarray(0, system.enabled(out))]
    if (system.progress === 0) end(system.final() ? undefined : system.deadlock().invariant, schedule)
    for (const transition of enabled) {
      system.state.set(state)
      system.apply(transition)
      const { violation } = system
      system.clearViolation()
      if (violation === undefined) walk(system.state.slice(), [...schedule, transition])
      else end(violation.invariant, [...schedule, transition])
    }
  }
  system.reset()
  walk(system.state.slice(), [])
  return { schedules, least }
}

/** The same by lowering costs until nothing changes. */
export function everyState(system: System): Map<string, PlainCost> {
  const out = new Int32Array(MAX_ENABLED)
  const least = new Map<string, PlainCost>()
  const known = new Map<string, PlainCost>()
  const lower = (map: Map<string, PlainCost>, key: string, cost: PlainCost): boolean => {
    if (!isLess(cost, map.get(key))) return false
    map.set(key, cost)
    return true
  }
  system.reset()
  const queue = [{ state: system.state.slice(), last: -1, cost: { switches: 0, steps: 0 } }]
  for (const { state, last, cost } of queue) {
    system.state.set(state)
    const enabled = [...out.subarray(0, system.enabled(out))]
    if (system.progress === 0 && !system.final()) lower(least, system.deadlock().invariant, cost)
    for (const transition of enabled) {
      const actor = system.actor(transition)
      const switched = last >= 0 && actor !== last ? 1 : 0
      const next = { switches: cost.switches + switched, steps: cost.steps + 1 }
      system.state.set(state)
      system.apply(transition)
      const { violation } = system
      system.clearViolation()
      if (violation !== undefined) lower(least, violation.invariant, next)
      else if (lower(known, `${system.state.join()} ${actor}`, next))
        queue.push({ state: system.state.slice(), last: actor, cost: next })
    }
  }
  return least
}
