/**
 * What a scenario arbitrary draws, counted: which operations, how many to a workload, how many CPUs busy, how long the
 * schedules are, how often the host preempts. Counts are of values as a property with so many runs gets them, not of
 * what running them reaches: for that there are the witnesses of a verification.
 */
import fc, { type Arbitrary } from 'fast-check'
import { busyCpus, operationCount } from '../scenario/workload.ts'
import type { Scenario } from './scenario.ts'

/** How many scenarios there are of each kind, by its name or number, in ascending order. */
export type Counts = Readonly<Record<string, number>>

export interface Distribution {
  readonly runs: number
  readonly seed: number
  /** Operations of all workloads, by name. */
  readonly operations: Counts
  /** Workloads, by the number of their operations. */
  readonly operationsPerWorkload: Counts
  /** Workloads, by the number of CPUs that have something to do. */
  readonly cpusBusy: Counts
  /** Schedules, by the number of their turns. */
  readonly turns: Counts
  /** Schedules, by the number of transitions that their turns have together; by tens. */
  readonly steps: Counts
  /** Scenarios, by the number of their preemption points. */
  readonly preemptions: Counts
  /** The same as a table for people. */
  readonly table: string
}

export interface DistributionOptions {
  /** Scenarios drawn. Default 1,000. */
  readonly runs?: number
  /** Default 1. */
  readonly seed?: number
}

/** Draws scenarios and counts what is in them; the same seed counts the same, until the generators change. */
export function describeDistribution(
  arbitrary: Arbitrary<Scenario>,
  options: DistributionOptions = {},
): Distribution {
  const { runs = 1000, seed = 1 } = options
  const drawn = fc.sample(arbitrary, { numRuns: runs, seed })
  const stepsOf = ({ schedule }: Scenario): number => schedule.reduce((sum, { steps }) => sum + steps, 0)
  const counts = {
    operations: count(drawn.flatMap(({ workload }) => workload.flat().map(({ op }) => op))),
    operationsPerWorkload: count(drawn.map(({ workload }) => operationCount(workload))),
    cpusBusy: count(drawn.map(({ workload }) => busyCpus(workload))),
    turns: count(drawn.map(({ schedule }) => schedule.length)),
    steps: count(drawn.map((scenario) => `${Math.floor(stepsOf(scenario) / 10)}0s`)),
    preemptions: count(drawn.map(({ preemptions }) => preemptions.length)),
  }
  return { runs, seed, ...counts, table: tableOf(runs, seed, counts) }
}

function count(values: readonly (string | number)[]): Counts {
  const counted = new Map<string | number, number>()
  for (const value of values) counted.set(value, (counted.get(value) ?? 0) + 1)
  const entries = [...counted].toSorted(([a], [b]) =>
    String(a).localeCompare(String(b), 'en', { numeric: true }),
  )
  return Object.fromEntries(entries)
}

const TITLES: Readonly<Record<string, string>> = {
  operations: 'operations',
  operationsPerWorkload: 'operations a workload',
  cpusBusy: 'CPUs busy',
  turns: 'turns',
  steps: 'steps of all turns',
  preemptions: 'preemptions',
}

const ROW = 12

function tableOf(runs: number, seed: number, all: Readonly<Record<string, Counts>>): string {
  const rows = Object.entries(all).flatMap(([part, counts]) => [
    `${TITLES[part]}:`,
    ...Object.entries(counts).map(([name, number]) => `  ${name.padEnd(ROW)}${String(number).padStart(6)}`),
  ])
  return [`${runs.toLocaleString('en')} scenarios, seed ${seed}`, ...rows].join('\n')
}
