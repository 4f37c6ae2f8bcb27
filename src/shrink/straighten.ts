/**
 * Shrinks the schedule of a race whose workload is too large to be searched: transitions are left out or swapped as
 * long as the same invariant is violated. The outcome is locally minimal and never called more than that.
 */
import { MAX_ENABLED } from '../engine/system.ts'
import type { Race } from '../scenario/race.ts'
import type { Worlds } from '../scenario/worlds.ts'
import type { World } from '../scenario/world.ts'

export function straighten(worlds: Worlds, race: Race): Race {
  const world = worlds.at(race.workload)
  let best = race
  for (let again = true; again;) {
    again = false
    for (let length = best.schedule.length >> 1; length >= 1; length >>= 1) {
      for (let at = 0; at + length <= best.schedule.length; at++) {
        const rest = [...best.schedule.subarray(0, at), ...best.schedule.subarray(at + length)]
        const shorter = follow(world, race, rest)
        if (shorter === undefined || shorter.schedule.length >= best.schedule.length) continue
        best = shorter
        again = true
      }
    }
  }
  return best
}

/** Runs a schedule, passing over transitions that are not enabled; the race if it still is one. */
function follow(world: World, race: Race, schedule: readonly number[]): Race | undefined {
  const enabled = new Int32Array(MAX_ENABLED)
  world.reset()
  const taken: number[] = []
  for (const transition of schedule) {
    const count = world.enabled(enabled)
    if (!enabled.subarray(0, count).includes(transition)) continue
    world.apply(transition)
    taken.push(transition)
    const { violation } = world
    if (violation === undefined) continue
    if (violation.invariant !== race.violation.invariant) return undefined
    return { ...race, schedule: Int32Array.from(taken), violation }
  }
  return undefined
}
