/** The race that a case keeps, for showing it; the policy must still do what the case says. */
import { MAX_ENABLED, type Violation } from '../engine/system.ts'
import { fail } from '../errors.ts'
import { goesRound } from '../liveness/lasso.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import type { Race } from '../scenario/race.ts'
import { withOptions } from '../policies/define.ts'
import { checkWorkload } from '../scenario/check-workload.ts'
import type { Workload } from '../scenario/workload.ts'
import { FLUSH_COMPLETES } from '../invariants/index.ts'
import type { World } from '../scenario/world.ts'
import { Worlds } from '../scenario/worlds.ts'
import type { Case } from './schema.ts'

export function raceOfCase(file: string, kept: Case, policy: AnyPolicy): Race {
  const workload = kept.workload as Workload
  checkWorkload(file, workload, policy, kept.bounds.groups, kept.bounds.vcpus)
  const chosen = withOptions(policy, kept.options ?? {})
  const world = new Worlds(chosen, kept.bounds).at(workload)
  const enabled = new Int32Array(MAX_ENABLED)
  const begins = kept.schedule.length - (kept.cycle ?? 0)
  let head = world.state.slice()
  const schedule = kept.schedule.map((entry, i) => {
    if (i === begins) head = world.state.slice()
    const count = world.enabled(enabled)
    const transition = enabled.subarray(0, count).find((each) => world.name(each) === entry.do)
    if (transition === undefined || (world.violation !== undefined && i < kept.schedule.length)) {
      throw fail.corpusRead(
        file,
        `step ${i + 1} ("${entry.do}: ${entry.step}") is not possible any more; \`shootdown replay\` says how the code has changed`,
      )
    }
    world.apply(transition)
    return transition
  })
  const violation = world.violation ?? endlessly(world, kept, head, schedule.slice(begins))
  if (violation === undefined)
    throw fail.corpusRead(file, 'its schedule violates nothing any more; the policy has been repaired')
  if (violation.invariant !== kept.invariant)
    throw fail.corpusRead(
      file,
      `its schedule violates ${violation.invariant} now, in place of ${kept.invariant}`,
    )
  const cycle = kept.cycle === undefined ? {} : { cycle: kept.cycle }
  return {
    policy: chosen,
    bounds: kept.bounds,
    workload,
    schedule: Int32Array.from(schedule),
    ...cycle,
    violation,
  }
}

/** What is wrong at the end of a schedule that itself violates nothing: nobody can go on, or it goes round for ever. */
function endlessly(
  world: World,
  kept: Case,
  head: Int32Array,
  cycle: readonly number[],
): Violation | undefined {
  if (kept.invariant !== FLUSH_COMPLETES.name) return undefined
  if (kept.cycle === undefined) return world.deadlock()
  world.state.set(head)
  const violation = world.fairness.livelock()
  return goesRound(world, cycle) ? violation : undefined
}
