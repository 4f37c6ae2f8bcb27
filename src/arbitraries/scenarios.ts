/**
 * Scenarios: all that a run depends on as one plain value, which can be written to a file, edited by hand, and handed
 * back. The policy and the bounds are not part of it: the same scenario can be played on several.
 */
import { makeBounds, type Bounds } from '../scenario/bounds.ts'
import type { Workload } from '../scenario/workload.ts'
import { hardwareShape, type HardwareEvent } from './hardware.ts'
import { hostShape, type HostDecision } from './host-decisions.ts'
import { PlainArbitrary } from './plain.ts'
import { preemptionShape, type PreemptionPoint } from './preemptions.ts'
import { scheduleShape, type Schedule } from './schedules.ts'
import { isSmaller, type Shape } from './shape.ts'
import { workloadShape, type AnyPolicy } from './workloads.ts'

export interface Scenario {
  readonly workload: Workload
  readonly schedule: Schedule
  readonly preemptions: readonly PreemptionPoint[]
  readonly host: readonly HostDecision[]
  readonly hardware: readonly HardwareEvent[]
}

export interface ScenarioLimits {
  /** Guest operations, at most. Default 4. */
  readonly operations?: number
  /** Turns, at most. Default 8. */
  readonly turns?: number
}

/**
 * Scenarios for a policy within bounds; parts that the bounds leave no choice in are empty.
 *
 * The measure is that of the workload, then of preemptions, hardware, host and schedule.
 * @throws ShootdownError if a bound is out of its range
 */
export function scenarios(policy: AnyPolicy, bounds: Partial<Bounds> = {}, limits: ScenarioLimits = {}): PlainArbitrary<Scenario> {
  return new PlainArbitrary(scenarioShape(policy, makeBounds(bounds), limits))
}

/** Preemption points that are worth drawing where vCPUs share pCPUs: giving way is not counted as a preemption. */
const SHARING_POINTS = 2

function scenarioShape(policy: AnyPolicy, bounds: Bounds, { operations = 4, turns = 8 }: ScenarioLimits): Shape<Scenario> {
  const { vcpus, pcpus, groups, migration } = bounds
  const sharing = vcpus > pcpus
  const does = [...(bounds.speculation > 0 ? (['walk'] as const) : []), ...(bounds.eviction ? (['evict'] as const) : [])]
  const parts: { readonly [Part in keyof Scenario]: Shape<Scenario[Part]> } = {
    workload: workloadShape(policy, { vcpus, operations, groups }),
    preemptions: preemptionShape({ vcpus, count: bounds.preemptions + (sharing ? SHARING_POINTS : 0) }),
    hardware: hardwareShape({ vcpus, does }),
    host: hostShape({ vcpus, pcpus, count: sharing || migration ? 4 : 0 }),
    schedule: scheduleShape({ vcpus, turns }),
  }
  return {
    draw: (random, small) => ({
      workload: parts.workload.draw(random, small),
      schedule: parts.schedule.draw(random, small),
      preemptions: parts.preemptions.draw(random, small),
      host: parts.host.draw(random, small),
      hardware: parts.hardware.draw(random, small),
    }),
    accepts(value) {
      if (typeof value !== 'object' || value === null) return false
      const names = Object.keys(parts) as (keyof Scenario)[]
      return (
        Object.keys(value).every((name) => name in parts) && names.every((name) => parts[name].accepts((value as Scenario)[name]))
      )
    },
    *smaller(scenario) {
      for (const workload of parts.workload.smaller(scenario.workload)) yield { ...scenario, workload }
      for (const renamed of withCpusSwapped(scenario, vcpus)) {
        if (isSmaller(parts.workload.measure(renamed.workload), parts.workload.measure(scenario.workload))) yield renamed
      }
      for (const preemptions of parts.preemptions.smaller(scenario.preemptions)) yield { ...scenario, preemptions }
      for (const hardware of parts.hardware.smaller(scenario.hardware)) yield { ...scenario, hardware }
      for (const host of parts.host.smaller(scenario.host)) yield { ...scenario, host }
      for (const schedule of parts.schedule.smaller(scenario.schedule)) yield { ...scenario, schedule }
    },
    measure: (scenario) => [
      ...parts.workload.measure(scenario.workload),
      ...parts.preemptions.measure(scenario.preemptions),
      ...parts.hardware.measure(scenario.hardware),
      ...parts.host.measure(scenario.host),
      ...parts.schedule.measure(scenario.schedule),
    ],
  }
}

/** The scenario with two vCPUs in each other's place: a workload becomes canonical only with all that goes with it. */
function* withCpusSwapped(scenario: Scenario, vcpus: number): Generator<Scenario> {
  const { workload, schedule, preemptions, host, hardware } = scenario
  for (let a = 0; a < vcpus; a++) {
    for (let b = a + 1; b < vcpus; b++) {
      const name = (cpu: number): number => (cpu === a ? b : cpu === b ? a : cpu)
      yield {
        workload: Array.from({ length: vcpus }, (_, cpu) => workload[name(cpu)] ?? []),
        schedule: schedule.map((turn) => (turn.who === 'rcu' ? turn : { ...turn, who: name(turn.who) })),
        preemptions: preemptions.map((point) => ({ ...point, cpu: name(point.cpu) })),
        host: host.map((decision) => ({ ...decision, cpu: name(decision.cpu) })),
        hardware: hardware.map((event) => ({ ...event, cpu: name(event.cpu) })),
      }
    }
  }
}
