/**
 * Scenarios, drawn part by part and shrunk part by part, and where one part alone cannot become smaller, together.
 * What the bounds leave no choice in is not drawn.
 */
import type { Random } from 'fast-check'
import { boundsFor, type Bounds } from '../scenario/bounds.ts'
import { hardwareShape } from './hardware.ts'
import { hostShape } from './host-decisions.ts'
import { PlainArbitrary } from './plain.ts'
import { ascending, preemptionShape, type PreemptionPoint } from './preemptions.ts'
import {
  withCpusSwapped,
  withoutOperationAndItsSteps,
  withoutPointAndItsSteps,
  type Scenario,
} from './scenario.ts'
import { scheduleShape, type Schedule } from './schedules.ts'
import { isSmaller, type Shape } from './shape.ts'
import { workloadShape, type AnyPolicy } from './workloads.ts'

export interface ScenarioLimits {
  /** Guest operations, at most. Default 4. */
  readonly operations?: number
  /** Turns, at most. Default 5. */
  readonly turns?: number
}

/**
 * Scenarios for a policy within bounds; parts that the bounds leave no choice in are empty.
 *
 * The measure is that of the workload, then of preemptions, hardware, host and schedule.
 * @throws ShootdownError if a bound is out of its range
 */
export function scenarios(
  policy: AnyPolicy,
  bounds: Partial<Bounds> = {},
  limits: ScenarioLimits = {},
): PlainArbitrary<Scenario> {
  return new PlainArbitrary(scenarioShape(policy, boundsFor(policy, bounds), limits))
}

/** The parts of a scenario, those that a reader would first be rid of first. */
const BY_WEIGHT = ['workload', 'preemptions', 'hardware', 'host', 'schedule'] as const

/** Preemption points that are worth drawing where vCPUs share pCPUs: giving way is not counted as a preemption. */
const SHARING_POINTS = 2

function scenarioShape(
  policy: AnyPolicy,
  bounds: Bounds,
  { operations = 4, turns = 5 }: ScenarioLimits,
): Shape<Scenario> {
  const { vcpus, pcpus, groups, migration } = bounds
  const sharing = vcpus > pcpus
  const does = [
    ...(bounds.speculation > 0 ? (['walk'] as const) : []),
    ...(bounds.eviction ? (['evict'] as const) : []),
    ...((bounds.storeBuffer ?? 0) > 0 ? (['drain'] as const) : []),
  ]
  const parts: { readonly [Part in keyof Scenario]: Shape<Scenario[Part]> } = {
    workload: workloadShape(policy, { vcpus, operations, groups }),
    preemptions: preemptionShape({ vcpus, count: bounds.preemptions + (sharing ? SHARING_POINTS : 0) }),
    hardware: hardwareShape({ vcpus, does }),
    host: hostShape({ vcpus, pcpus, count: sharing || migration ? 4 : 0 }),
    schedule: scheduleShape({ vcpus, turns }),
  }
  // Which shape goes with which part is known here and not to the compiler, once the parts are gone through in a row.
  const shapes = parts as unknown as Readonly<Record<keyof Scenario, Shape<unknown>>>
  function* withSmaller(part: keyof Scenario, scenario: Scenario): Generator<Scenario> {
    for (const smaller of shapes[part].smaller(scenario[part])) yield { ...scenario, [part]: smaller }
  }
  return {
    draw(random, small) {
      const workload = parts.workload.draw(random, small)
      const schedule = parts.schedule.draw(random, small)
      const anywhere = parts.preemptions.draw(random, small)
      const host = parts.host.draw(random, small)
      const hardware = parts.hardware.draw(random, small)
      const preemptions = anywhere.map((point) =>
        random.nextInt(0, 1) === 0 ? point : atTurnEnd(random, schedule, point),
      )
      return { workload, schedule, preemptions: ascending(preemptions), host, hardware }
    },
    accepts(value) {
      if (typeof value !== 'object' || value === null) return false
      const isWhole = BY_WEIGHT.every((part) => shapes[part].accepts((value as Scenario)[part]))
      return isWhole && Object.keys(value).length === BY_WEIGHT.length
    },
    *smaller(scenario) {
      yield* withSmaller('workload', scenario)
      for (const swapped of withCpusSwapped(scenario, vcpus)) {
        if (isSmaller(parts.workload.measure(swapped.workload), parts.workload.measure(scenario.workload)))
          yield swapped
      }
      yield* withoutOperationAndItsSteps(scenario)
      yield* withoutPointAndItsSteps(scenario)
      for (const part of BY_WEIGHT.slice(1)) yield* withSmaller(part, scenario)
    },
    measure: (scenario) => BY_WEIGHT.flatMap((part) => shapes[part].measure(scenario[part])),
  }
}

/** The point at the end of a turn: a preemption matters most where others go on in the middle of what its vCPU does. */
function atTurnEnd(random: Random, schedule: Schedule, point: PreemptionPoint): PreemptionPoint {
  const last = random.nextInt(0, schedule.length)
  const who = schedule[last]?.who
  if (who === undefined || who === 'rcu') return point
  return { ...point, cpu: who, step: schedule.slice(0, last + 1).reduce((sum, { steps }) => sum + steps, 0) }
}
