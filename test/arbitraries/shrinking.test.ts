/** Where shrinking leads: to the operations, turns and points that a failure is about, and to no others. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  preemptionPoints,
  runScenario,
  scenarios,
  schedules,
  workloads,
  type PlainArbitrary,
  type Scenario,
} from '../../src/arbitraries/index.ts'
import { canonicalWorkload, hypervList, nativeIpi, type Workload } from '../../src/index.ts'
import { plain } from './bounds.ts'

/** What is left of a value, handed in from outside, when everything that is still `wanted` fails. */
function shrunk<T>(arbitrary: PlainArbitrary<T>, value: T, isWanted: (value: T) => boolean): T {
  const failure = fc.check(
    fc.property(arbitrary, (each) => !isWanted(each)),
    { examples: [[value]], numRuns: 1 },
  )
  expect(failure.failed).toBe(true)
  return failure.counterexample![0]
}

describe('a workload', () => {
  const arbitrary = workloads(nativeIpi, { vcpus: 3 })
  const large: Workload = [
    [{ op: 'switch_mm' }, { op: 'write', page: 3 }, { op: 'reclaim', page: 2 }],
    [{ op: 'lazy_tlb' }, { op: 'gup_fast', page: 3 }],
    [{ op: 'collapse', page: 2 }, { op: 'reuse' }],
  ]
  const has = (workload: Workload, op: string): boolean => workload.flat().some((each) => each.op === op)

  it('loses its operations and keeps the one that matters', () => {
    const left = shrunk(arbitrary, large, (workload) => has(workload, 'reclaim'))
    expect(left).toEqual([[{ op: 'reclaim', page: 0 }], [], []])
  })

  it('becomes canonical: the busiest CPU first', () => {
    const isWanted = (workload: Workload): boolean =>
      workload.filter((ops) => ops.length > 0).length >= 2 &&
      has(workload, 'gup_fast') &&
      has(workload, 'write')
    const left = shrunk(arbitrary, large, isWanted)
    expect(left).toEqual(canonicalWorkload(left, nativeIpi))
    expect(left.flat()).toHaveLength(2)
  })

  it('moves to a simpler page all at once', () => {
    const about = (workload: Workload): boolean => {
      const pages = new Set(workload.flat().map(({ page }) => page))
      return has(workload, 'munmap') && has(workload, 'read') && pages.size === 1
    }
    const given: Workload = [[{ op: 'munmap', page: 3 }], [], [{ op: 'read', page: 3 }]]
    expect(
      shrunk(arbitrary, given, about)
        .flat()
        .map(({ page }) => page),
    ).toEqual([0, 0])
  })

  it('goes on one CPU if that is enough', () => {
    const left = shrunk(arbitrary, large, (workload) => workload.flat().length >= 3)
    expect(left.map((ops) => ops.length)).toEqual([3, 0, 0])
  })
})

describe('a schedule', () => {
  it('loses turns first, then steps, then what is out of the ordinary', () => {
    const given = [
      { who: 1, steps: 9, first: 'interrupt' as const, pick: 2 },
      { who: 0, steps: 30 },
      { who: 1, steps: 4 },
    ]
    const left = shrunk(schedules(), given, (schedule) =>
      schedule.some(({ who, steps }) => who === 1 && steps >= 3),
    )
    expect(left).toEqual([{ who: 1, steps: 3 }])
  })

  it('joins the turns of one owner', () => {
    const given = [
      { who: 0, steps: 2 },
      { who: 1, steps: 1 },
      { who: 0, steps: 5 },
    ]
    const total = (schedule: readonly { steps: number }[]): number =>
      schedule.reduce((sum, { steps }) => sum + steps, 0)
    expect(shrunk(schedules(), given, (schedule) => total(schedule) >= 7)).toEqual([{ who: 0, steps: 7 }])
  })
})

describe('preemption points', () => {
  it('become fewer, earlier and shorter', () => {
    const given = [
      { step: 4, cpu: 1, for: 30 },
      { step: 9, cpu: 0, for: 20 },
      { step: 9, cpu: 1, for: 12 },
    ]
    const left = shrunk(preemptionPoints(), given, (points) =>
      points.some((point) => point.step >= 5 && point.for >= 6),
    )
    expect(left).toEqual([{ step: 5, cpu: 0, for: 6 }])
  })
})

describe('a scenario', () => {
  const idle: Scenario = { workload: [[], []], schedule: [], preemptions: [], host: [], hardware: [] }
  const bounds = { ...plain, speculation: 1, preemptions: 2 }
  const arbitrary = scenarios(nativeIpi, bounds)
  const reads = (count: number): Workload => [
    Array.from({ length: count }, () => ({ op: 'read', page: 0 })),
    [],
  ]
  const walkAt = (step: number): Scenario['hardware'] => [{ step, cpu: 0, does: 'walk', pick: 0 }]

  it('loses an operation together with the steps that it took, for whatever comes after', () => {
    const given = { ...idle, workload: reads(3), schedule: [{ who: 0, steps: 9 }], hardware: walkAt(9) }
    const left = shrunk(arbitrary, given, ({ workload, schedule, hardware }) => {
      const operations = workload.flat().length
      return operations > 0 && schedule[0]?.steps === 3 * operations && hardware[0]?.step === 3 * operations
    })
    expect(left.schedule).toEqual([{ who: 0, steps: 3 }])
    expect(left.hardware).toEqual(walkAt(3))
    expect(left.workload.flat()).toHaveLength(1)
  })

  it('does so where there is no turn at all', () => {
    const given = { ...idle, workload: reads(3), hardware: walkAt(9) }
    const left = shrunk(arbitrary, given, ({ workload, hardware }) => {
      const operations = workload.flat().length
      return operations > 0 && hardware[0]?.step === 3 * operations
    })
    expect(left.hardware).toEqual(walkAt(3))
  })

  it('loses a preemption together with the two steps that it took', () => {
    const preemptions = [
      { step: 1, cpu: 0, for: 0 },
      { step: 4, cpu: 1, for: 0 },
    ]
    const left = shrunk(
      arbitrary,
      { ...idle, preemptions, hardware: walkAt(10) },
      (scenario) => scenario.hardware[0]?.step === 6 + 2 * scenario.preemptions.length,
    )
    expect(left.preemptions).toEqual([])
    expect(left.hardware).toEqual(walkAt(6))
  })

  it('becomes canonical with all that refers to its CPUs', () => {
    const given: Scenario = {
      workload: [[], [{ op: 'read', page: 0 }]],
      schedule: [{ who: 1, steps: 1 }],
      preemptions: [{ step: 0, cpu: 1, for: 0 }],
      host: [{ cpu: 1, pcpu: 0 }],
      hardware: [{ step: 0, cpu: 1, does: 'walk', pick: 0 }],
    }
    const left = shrunk(arbitrary, given, ({ workload, schedule, preemptions, host, hardware }) => {
      const cpu = workload.findIndex((ops) => ops.some(({ op }) => op === 'read'))
      return (
        cpu >= 0 &&
        schedule[0]?.who === cpu &&
        [...preemptions, ...host, ...hardware].filter((each) => each.cpu === cpu).length === 3
      )
    })
    expect([left.schedule[0].who, left.preemptions[0].cpu, left.host[0].cpu, left.hardware[0].cpu]).toEqual([
      0, 0, 0, 0,
    ])
  })

  it('is played on the way: what is left of a race is about the operations that race', () => {
    const given: Scenario = {
      ...idle,
      workload: [
        [
          { op: 'munmap', page: 3 },
          { op: 'munmap', page: 0 },
        ],
        [
          { op: 'munmap', page: 2 },
          { op: 'gup_fast', page: 0 },
          { op: 'write', page: 0 },
        ],
      ],
    }
    const violates = (scenario: Scenario): boolean =>
      runScenario(hypervList, plain, scenario).violation !== undefined
    const steps = Array.from({ length: 40 }, (_, i) => i + 1).find((n) =>
      violates({ ...given, schedule: [{ who: 1, steps: n }] }),
    )
    const left = shrunk(
      scenarios(hypervList, plain),
      { ...given, schedule: [{ who: 1, steps: steps! }] },
      violates,
    )
    expect(left).toEqual({
      ...idle,
      workload: [[{ op: 'munmap', page: 0 }], [{ op: 'gup_fast', page: 0 }]],
      schedule: [{ who: 1, steps: 2 }],
    })
  })
})
