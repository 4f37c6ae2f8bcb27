/** fast-check arbitraries of all that a run depends on: plain data, drawn, played, shrunk, and recovered from races. */
export { PlainArbitrary } from './plain.ts'
export { isSmaller, type Measure } from './shape.ts'
export { workloads, type WorkloadLimits } from './workloads.ts'
export { schedules, type Schedule, type ScheduleLimits, type Turn } from './schedules.ts'
export { preemptionPoints, type PreemptionLimits, type PreemptionPoint } from './preemptions.ts'
export { hostDecisions, type HostDecision, type HostLimits } from './host-decisions.ts'
export { hardwareEvents, type HardwareEvent, type HardwareLimits } from './hardware.ts'
export type { Scenario } from './scenario.ts'
export { scenarios, type ScenarioLimits } from './scenarios.ts'
export { runScenario, type Played } from './play.ts'
export { scenarioOfCase, scenarioOfRace } from './recover.ts'
export {
  describeDistribution,
  type Counts,
  type Distribution,
  type DistributionOptions,
} from './distribution.ts'
