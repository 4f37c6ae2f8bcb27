/**
 * The way back: the scenario that plays a given race, or a corpus case, so that what was found by any means can be
 * handed to fast-check as an example and shrinks there. A case whose policy has changed gives as much of a scenario as
 * the policy still lets happen.
 */
import { fail } from '../errors.ts'
import { MAX_ENABLED } from '../engine/system.ts'
import type { Case } from '../corpus/schema.ts'
import { withOptions } from '../policies/define.ts'
import { policies, policyNamed } from '../policies/index.ts'
import type { Bounds } from '../scenario/bounds.ts'
import type { Race } from '../scenario/race.ts'
import * as T from '../scenario/transition.ts'
import { checkWorkload } from '../scenario/check-workload.ts'
import type { Workload } from '../scenario/workload.ts'
import type { World } from '../scenario/world.ts'
import { Worlds } from '../scenario/worlds.ts'
import { happensByItself, nextOf, numberOf, ofKind } from './choices.ts'
import type { HardwareEvent } from './hardware.ts'
import type { HostDecision } from './host-decisions.ts'
import type { PreemptionPoint } from './preemptions.ts'
import type { Scenario } from './scenario.ts'
import type { Turn } from './schedules.ts'
import type { AnyPolicy } from './workloads.ts'

/** The scenario that plays a race, within the bounds of that race. */
export function scenarioOfRace(race: Race): Scenario {
  const world = new Worlds(race.policy, race.bounds).at(race.workload)
  return new Recovery(world, race.bounds, race.workload).follow(
    Array.from(race.schedule, (t) => (possible) => possible.find((each) => each === t)),
  )
}

/**
 * The scenario that plays a corpus case, within the bounds of that case. Transitions of the case that are not possible
 * under the policy are left out, so a case that has been fixed becomes the scenario that once broke it.
 * @param policy the policy to play it on; default: the shipped one that the case names
 * @throws ShootdownError if the policy is not known, or knows nothing of the case's operations
 */
export function scenarioOfCase(
  kept: Case,
  policy: AnyPolicy | undefined = policyNamed(kept.policy),
): Scenario {
  if (policy === undefined)
    throw fail.unknownPolicy(
      kept.policy,
      policies.map(({ name }) => name),
    )
  const workload = kept.workload as Workload
  checkWorkload(kept.id, workload, policy, kept.bounds.groups, kept.bounds.vcpus)
  const chosen = policy.name === kept.policy ? withOptions(policy, kept.options ?? {}) : policy
  const world = new Worlds(chosen, kept.bounds).at(workload)
  return new Recovery(world, kept.bounds, workload).follow(
    kept.schedule.map((entry) => (possible) => possible.find((each) => world.name(each) === entry.do)),
  )
}

class Recovery {
  private readonly world: World
  private readonly workload: Workload
  private readonly turns: Turn[] = []
  private readonly points: PreemptionPoint[] = []
  private readonly host: HostDecision[] = []
  private readonly hardware: HardwareEvent[] = []
  /** By vCPU: the point that keeps it away, and the time from which its absence counts. */
  private readonly away = new Map<number, { point: PreemptionPoint; from: number }>()
  private now = 0

  constructor(world: World, { vcpus, pcpus }: Bounds, workload: Workload) {
    this.world = world
    this.workload = workload
    // A vCPU that starts on no pCPU stays away from the beginning until the race puts it on one.
    for (let cpu = pcpus; cpu < vcpus; cpu++) this.away.set(cpu, { point: { step: 0, cpu, for: 0 }, from: 0 })
  }

  /** Takes the transitions one after the other, each as it is found among those that are possible. */
  follow(wanted: readonly ((possible: readonly number[]) => number | undefined)[]): Scenario {
    const { world } = this
    const buffer = new Int32Array(MAX_ENABLED)
    for (const find of wanted) {
      if (world.violation !== undefined) break
      const count = world.enabled(buffer)
      const t = find([...buffer.subarray(0, count)])
      if (t === undefined) continue
      this.learn(t, [...buffer.subarray(0, world.progress)])
      world.apply(t)
      this.now++
    }
    for (const cpu of this.away.keys()) this.comesBack(cpu)
    return {
      workload: this.workload,
      schedule: this.turns,
      preemptions: this.points.toSorted((a, b) => a.step - b.step),
      host: this.host,
      hardware: this.hardware,
    }
  }

  private learn(t: number, progress: readonly number[]): void {
    const cpu = T.whoOf(t)
    const pick = T.detailOf(t)
    const step = this.now
    switch (T.kindOf(t)) {
      case T.PREEMPT:
      case T.DESCHEDULE:
        this.away.set(cpu, { point: { step, cpu, for: 0 }, from: step + 1 })
        break
      case T.SCHEDULE:
        this.comesBack(cpu)
        if (ofKind(progress, T.SCHEDULE, cpu).length > 1) this.host.push({ cpu, pcpu: pick })
        break
      case T.SPECULATE:
      case T.SPECULATION_STEP:
        this.hardware.push({ step, cpu, does: 'walk', pick })
        break
      case T.DRAIN:
        this.hardware.push({ step, cpu, does: 'drain', pick: 0 })
        break
      case T.NMI_ARRIVES:
        this.hardware.push({ step, cpu, does: 'nmi', pick })
        break
      case T.EVICT:
        this.hardware.push({ step, cpu, does: 'evict', pick })
        break
      default:
        this.take(t, progress)
    }
  }

  private comesBack(cpu: number): void {
    const away = this.away.get(cpu)
    if (away === undefined) return
    const { point, from } = away
    const duration = this.now - from
    if (from > 0 || duration > 0) this.points.push({ ...point, for: duration })
    this.away.delete(cpu)
  }

  /** The turn goes on if this is how it would; otherwise a new one begins, with no more said than is needed. */
  private take(t: number, progress: readonly number[]): void {
    const last = this.turns.at(-1)
    if (last !== undefined && nextOf(progress, last, last.steps) === t) {
      this.turns[this.turns.length - 1] = { ...last, steps: last.steps + 1 }
      return
    }
    const deferred = happensByItself(t)
    const plain: Turn = { who: deferred ? 'rcu' : T.whoOf(t), steps: 1 }
    const pick = numberOf(t)
    const ways: Turn[] = [
      plain,
      { ...plain, pick },
      { ...plain, first: 'interrupt' },
      { ...plain, first: 'interrupt', pick },
      { ...plain, first: 'exit' },
    ]
    this.turns.push(ways.find((turn) => nextOf(progress, turn, 0) === t)!)
  }
}
