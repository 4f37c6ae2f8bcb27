import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  hardwareEvents,
  hostDecisions,
  isSmaller,
  preemptionPoints,
  scenarios,
  schedules,
  workloads,
  type HardwareEvent,
  type PreemptionPoint,
  type Schedule,
} from '../../src/arbitraries/index.ts'
import { hypervList, nativeIpi, staticKey } from '../../src/index.ts'
import { checkWorkload } from '../../src/scenario/check-workload.ts'
import { operationCount, type Workload } from '../../src/scenario/workload.ts'
import { itObeysTheLaws } from './laws.ts'

const GROUPS = [[0], [2, 3]]

type AnyPolicy = Parameters<typeof workloads>[0]

const isWorkload = (policy: AnyPolicy, vcpus: number, most: number) => (workload: Workload) => {
  checkWorkload('drawn', workload, policy, GROUPS)
  return workload.length <= vcpus && operationCount(workload) <= most
}
const isBelow = (limit: number, n: number): boolean => Number.isInteger(n) && n >= 0 && n < limit
const isAscending = (events: readonly { step: number }[]): boolean =>
  events.every(({ step }, i) => isBelow(Infinity, step) && (i === 0 || events[i - 1].step <= step))
const isSchedule = (vcpus: number) => (schedule: Schedule) =>
  schedule.every(
    ({ who, steps, pick = 0 }) =>
      (who === 'rcu' || isBelow(vcpus, who)) && steps >= 1 && isBelow(Infinity, pick),
  )
const arePoints = (vcpus: number) => (points: readonly PreemptionPoint[]) =>
  isAscending(points) && points.every((point) => isBelow(vcpus, point.cpu) && isBelow(Infinity, point.for))
const areEvents = (vcpus: number) => (events: readonly HardwareEvent[]) =>
  isAscending(events) && events.every(({ cpu, pick }) => isBelow(vcpus, cpu) && isBelow(Infinity, pick))

itObeysTheLaws('workloads', workloads(nativeIpi), isWorkload(nativeIpi, 2, 4))
itObeysTheLaws(
  'workloads of three CPUs, for a policy with operations of its own',
  workloads(staticKey, { vcpus: 3, operations: 5, groups: GROUPS }),
  isWorkload(staticKey, 3, 6),
)
itObeysTheLaws('schedules', schedules({ vcpus: 3 }), isSchedule(3))
itObeysTheLaws('preemption points', preemptionPoints({ vcpus: 3, count: 3 }), arePoints(3))
itObeysTheLaws('host decisions', hostDecisions({ vcpus: 3, pcpus: 2 }), (decisions) =>
  decisions.every(({ cpu, pcpu }) => isBelow(3, cpu) && isBelow(2, pcpu)),
)
itObeysTheLaws('hardware events', hardwareEvents({ vcpus: 3 }), areEvents(3))
itObeysTheLaws(
  'scenarios',
  scenarios(hypervList, {
    vcpus: 3,
    pcpus: 2,
    preemptions: 2,
    migration: true,
    speculation: 1,
    eviction: true,
  }),
  ({ workload, schedule, preemptions, hardware }) =>
    isWorkload(hypervList, 3, 4)(workload) &&
    isSchedule(3)(schedule) &&
    arePoints(3)(preemptions) &&
    areEvents(3)(hardware),
)

describe('scenarios', () => {
  const bounds = { preemptions: 0, speculation: 0, eviction: false }

  it('leave empty what the bounds leave no choice in', () => {
    for (const { preemptions, host, hardware } of fc.sample(scenarios(nativeIpi, bounds), 200)) {
      expect([preemptions, host, hardware]).toEqual([[], [], []])
    }
  })

  it('may be larger than any that is drawn: a hand-written one shrinks as well', () => {
    const large = {
      workload: [Array.from({ length: 40 }, () => ({ op: 'munmap', page: 3 })), []],
      schedule: [{ who: 1, steps: 1000 }],
      preemptions: [{ step: 500, cpu: 1, for: 900 }],
      host: [],
      hardware: [],
    }
    const arbitrary = scenarios(nativeIpi, bounds)
    expect(arbitrary.canShrinkWithoutContext(large)).toBe(true)
    const failure = fc.check(
      fc.property(arbitrary, () => false),
      { examples: [[large]], numRuns: 1 },
    )
    expect(failure.counterexample).toEqual([
      { workload: [[], []], schedule: [], preemptions: [], host: [], hardware: [] },
    ])
  })

  it.each([
    ['nothing', undefined],
    ['a part too few', { workload: [[], []], schedule: [], preemptions: [], host: [] }],
    ['a part too many', { workload: [], schedule: [], preemptions: [], host: [], hardware: [], seed: 1 }],
    [
      'an operation that is not known',
      { workload: [[{ op: 'mremap', page: 0 }]], schedule: [], preemptions: [], host: [], hardware: [] },
    ],
    [
      'a page that is not mapped',
      { workload: [[{ op: 'munmap', page: 9 }]], schedule: [], preemptions: [], host: [], hardware: [] },
    ],
    ['too many CPUs', { workload: [[], [], []], schedule: [], preemptions: [], host: [], hardware: [] }],
    [
      'a vCPU that does not exist',
      { workload: [], schedule: [{ who: 2, steps: 1 }], preemptions: [], host: [], hardware: [] },
    ],
    [
      'a turn of no steps',
      { workload: [], schedule: [{ who: 0, steps: 0 }], preemptions: [], host: [], hardware: [] },
    ],
    [
      'points out of order',
      {
        workload: [],
        schedule: [],
        preemptions: [
          { step: 2, cpu: 0, for: 0 },
          { step: 1, cpu: 0, for: 0 },
        ],
        host: [],
        hardware: [],
      },
    ],
  ])('do not take %s', (_, value) => {
    expect(scenarios(nativeIpi, bounds).canShrinkWithoutContext(value)).toBe(false)
  })
})

describe('isSmaller', () => {
  it('compares number by number, and takes a beginning for smaller than the whole', () => {
    expect(isSmaller([1, 9], [2, 0])).toBe(true)
    expect(isSmaller([2, 0], [1, 9])).toBe(false)
    expect(isSmaller([1], [1, 0])).toBe(true)
    expect(isSmaller([1, 0], [1])).toBe(false)
    expect(isSmaller([1, 0], [1, 0])).toBe(false)
  })
})
