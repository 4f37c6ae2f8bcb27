/**
 * A scenario: all that a run depends on as one plain value, which can be written to a file, edited by hand, and handed
 * back. Its parts refer to each other by vCPU and by number of transitions, so what is taken out of one of them moves
 * the others; that is here too. Policy and bounds are not part of it: a scenario can be played on several.
 */
import type { Workload } from '../scenario/workload.ts'
import type { HardwareEvent } from './hardware.ts'
import type { HostDecision } from './host-decisions.ts'
import type { PreemptionPoint } from './preemptions.ts'
import type { Schedule } from './schedules.ts'

export interface Scenario {
  /** What the guest does. */
  readonly workload: Workload
  /** Whose turn it is. */
  readonly schedule: Schedule
  /** Where the host takes vCPUs off their pCPUs. */
  readonly preemptions: readonly PreemptionPoint[]
  /** Where it puts them afterwards. */
  readonly host: readonly HostDecision[]
  /** What the hardware does unasked. */
  readonly hardware: readonly HardwareEvent[]
}

/** Transitions of one operation, roughly, at most. */
const LONGEST_OPERATION = 32

/**
 * Without an operation, and without the steps that it took: else the turns of its CPU would go past the point where
 * they have to end. How many steps it took depends on what the others did, so any number is tried.
 */
export function* withoutOperationAndItsSteps(scenario: Scenario): Generator<Scenario> {
  for (const [cpu, ops] of scenario.workload.entries()) {
    for (const i of ops.keys()) {
      const rest = { ...scenario, workload: scenario.workload.with(cpu, ops.toSpliced(i, 1)) }
      for (const { step } of [...scenario.preemptions, ...scenario.hardware]) {
        for (let fewer = 1; fewer <= Math.min(step, LONGEST_OPERATION); fewer++) {
          yield earlier(rest, step - fewer, fewer)
        }
      }
      let end = 0
      for (const [at, turn] of scenario.schedule.entries()) {
        end += turn.steps
        if (turn.who !== cpu) continue
        for (let fewer = 1; fewer <= Math.min(turn.steps, LONGEST_OPERATION); fewer++) {
          const schedule = rest.schedule.with(at, { ...turn, steps: turn.steps - fewer })
          yield earlier({ ...rest, schedule: schedule.filter(({ steps }) => steps > 0) }, end - fewer, fewer)
        }
      }
    }
  }
}

/** Without a preemption point, and without the two transitions that it took: away and back. */
export function* withoutPointAndItsSteps(scenario: Scenario): Generator<Scenario> {
  for (const [i, { step }] of scenario.preemptions.entries()) {
    yield earlier({ ...scenario, preemptions: scenario.preemptions.toSpliced(i, 1) }, step, 2)
  }
}

/** The scenario with its preemptions and hardware events after so many transitions that many earlier, in the same order. */
function earlier(scenario: Scenario, after: number, by: number): Scenario {
  const shifted = <E extends { readonly step: number }>(events: readonly E[]): E[] =>
    events.map((event) => ({
      ...event,
      step: event.step > after ? Math.max(after, event.step - by) : event.step,
    }))
  return { ...scenario, preemptions: shifted(scenario.preemptions), hardware: shifted(scenario.hardware) }
}

/** The scenario with two vCPUs in each other's place: a workload becomes canonical only with all that goes with it. */
export function* withCpusSwapped(scenario: Scenario, vcpus: number): Generator<Scenario> {
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
