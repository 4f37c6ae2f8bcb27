import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runScenario, scenarios, type Scenario } from '../../src/arbitraries/index.ts'
import {
  definePolicy,
  variable,
  flushNobody,
  hypervList,
  makeBounds,
  nativeIpi,
  policies,
  Worlds,
} from '../../src/index.ts'
import type { Race } from '../../src/index.ts'
import { plain } from './bounds.ts'

const nothing: Scenario = { workload: [[], []], schedule: [], preemptions: [], host: [], hardware: [] }
const unmapAndWalk: Scenario = {
  ...nothing,
  workload: [[{ op: 'munmap', page: 0 }], [{ op: 'gup_fast', page: 0 }]],
}

/** Names of the transitions of a race. */
function namesOf(race: Race | undefined): string[] {
  const world = new Worlds(race!.policy, race!.bounds).at(race!.workload)
  return Array.from(race!.schedule, (t) => {
    const name = world.name(t)
    world.apply(t)
    return name
  })
}

/** Like a policy, but broken from the first flush on, so that every run with a flush ends as a race that can be read. */
const telltale = definePolicy({
  name: 'telltale',
  summary: 'Flushes nobody and says so',
  shared: { flushed: variable({ max: 1 }) },
  invariants: [
    {
      name: 'no-flush',
      sentence: 'Nobody flushes',
      holds: (shared, read) => read(shared.flushed.of()) === 0,
    },
  ],
  *flush(cpu) {
    yield* cpu.store(cpu.shared.flushed.of(), 1)
  },
})

describe('playing a scenario', () => {
  it('has one outcome', () => {
    const bounds = { ...plain, vcpus: 3, preemptions: 2, migration: true, speculation: 1, eviction: true }
    for (const scenario of fc.sample(scenarios(flushNobody, bounds), { seed: 1, numRuns: 300 })) {
      expect(runScenario(flushNobody, bounds, scenario)).toEqual(runScenario(flushNobody, bounds, scenario))
    }
  })

  it('runs to the end, whatever is left out', () => {
    expect(runScenario(nativeIpi, plain, nothing)).toEqual({
      violation: undefined,
      steps: 0,
      race: undefined,
    })
    const played = runScenario(nativeIpi, plain, unmapAndWalk)
    expect(played.violation).toBeUndefined()
    expect(played.steps).toBeGreaterThan(5)
  })

  it('runs to the end with more vCPUs than pCPUs, for every policy that is not stated to be broken', () => {
    const bounds = makeBounds({ ...plain, vcpus: 4, pcpus: 2, migration: true })
    for (const policy of policies.filter(({ expected }) => expected !== 'broken')) {
      for (const scenario of fc.sample(scenarios(policy, bounds), { seed: 5, numRuns: 60 })) {
        const { violation, steps } = runScenario(policy, bounds, scenario)
        expect(violation, JSON.stringify(scenario)).toBeUndefined()
        expect(steps, JSON.stringify(scenario)).toBeLessThan(1000)
      }
    }
  })

  it('lets others in where code polls', () => {
    const polling = definePolicy({
      name: 'polling',
      summary: 'One CPU polls for what another one says',
      shared: { said: variable({ max: 1 }) },
      *flush() {},
      operations: {
        poll: {
          summary: 'poll',
          *run(cpu) {
            while ((yield* cpu.load(cpu.shared.said.of())) === 0) yield* cpu.checkpoint('poll')
          },
        },
        say: {
          summary: 'say it',
          *run(cpu) {
            yield* cpu.store(cpu.shared.said.of(), 1)
          },
        },
      },
    })
    const { violation, steps } = runScenario(polling, plain, {
      ...nothing,
      workload: [[{ op: 'poll' }], [{ op: 'say' }]],
    })
    expect(violation).toBeUndefined()
    expect(steps).toBeLessThan(300)
  })

  it('takes any bounds that makeBounds takes, with the same outcome', () => {
    const scenario = { ...unmapAndWalk, schedule: [{ who: 1, steps: 2 }] }
    const { preemptions, speculation, ...rest } = plain
    expect(runScenario(hypervList, { ...rest, speculation, preemptions }, scenario)).toEqual(
      runScenario(hypervList, plain, scenario),
    )
  })

  it.each([
    [
      'an operation that is not known',
      { ...nothing, workload: [[{ op: 'mremap' }]] },
      'scenario: operation "mremap" is not known',
    ],
    [
      'too many CPUs',
      { ...nothing, workload: [[], [], []] },
      'scenario: its workload is for 3 CPUs; expected at most 2',
    ],
  ])('says what is wrong with %s', (_, scenario, message) => {
    expect(() => runScenario(nativeIpi, plain, scenario)).toThrow(message)
  })
})

describe('the parts of a scenario', () => {
  const told = (parts: Partial<Scenario>, bounds = plain): string[] =>
    namesOf(runScenario(telltale, bounds, { ...unmapAndWalk, ...parts }).race)

  it('without a schedule the first who can goes on', () => {
    expect(new Set(told({}))).toEqual(new Set(['cpu0']))
  })

  it('turns are taken in order, and those that cannot be are passed over', () => {
    const schedule = [
      { who: 1, steps: 2 },
      { who: 'rcu' as const, steps: 3 },
      { who: 0, steps: 1 },
      { who: 1, steps: 1 },
    ]
    expect(told({ schedule }).slice(0, 5)).toEqual(['cpu1', 'cpu1', 'cpu0', 'cpu1', 'cpu0'])
  })

  it('a turn that is longer than what its owner has to do ends early', () => {
    const names = told({ schedule: [{ who: 1, steps: 1000 }] })
    expect(names.lastIndexOf('cpu1')).toBe(names.indexOf('cpu0') - 1)
  })

  it('a preempted vCPU comes back after the time that is given', () => {
    const schedule = [{ who: 1, steps: 2 }]
    const preempted = (duration: number): string[] =>
      told({ schedule, preemptions: [{ step: 1, cpu: 1, for: duration }] }).slice(0, 5)
    expect(preempted(0)).toEqual(['cpu1', 'preempt cpu1', 'schedule cpu1 on pcpu1', 'cpu1', 'cpu0'])
    expect(preempted(1)).toEqual(['cpu1', 'preempt cpu1', 'cpu0', 'schedule cpu1 on pcpu1', 'cpu0'])
    expect(preempted(1000)).not.toContain('schedule cpu1 on pcpu1')
  })

  it('one that all others wait for comes back earlier', () => {
    const workload = [[{ op: 'munmap', page: 0 }], []]
    expect(told({ workload, preemptions: [{ step: 1, cpu: 0, for: 1000 }] }).slice(0, 4)).toEqual([
      'cpu0',
      'preempt cpu0',
      'schedule cpu0 on pcpu0',
      'cpu0',
    ])
  })

  it('the host is out of preemptions when its budget is', () => {
    // Away and back is two transitions.
    const preemptions = [0, 2, 4, 6].map((step) => ({ step, cpu: 0, for: 0 }))
    const timesOf = (budget: number): number =>
      told({ preemptions }, { ...plain, preemptions: budget }).filter((name) => name.startsWith('preempt'))
        .length
    expect([0, 1, 3, 8].map(timesOf)).toEqual([0, 1, 3, 4])
  })

  it('a decision of the host says who is put where, if there is a choice', () => {
    const bounds = { ...plain, vcpus: 4, pcpus: 2, migration: true }
    const workload = [[], [], [{ op: 'read', page: 0 }], [{ op: 'munmap', page: 0 }]]
    const first = (host: Scenario['host']): string | undefined =>
      told({ workload, host, schedule: [{ who: 3, steps: 1 }] }, bounds).find((name) =>
        name.startsWith('schedule'),
      )
    expect(first([])).toBe('schedule cpu2 on pcpu0')
    expect(first([{ cpu: 3, pcpu: 1 }])).toBe('schedule cpu3 on pcpu0')
  })

  it('hardware walks and forgets when it is told to', () => {
    const bounds = { ...plain, speculation: 1, eviction: true }
    const hardware = [0, 1, 2].map((step) => ({ step, cpu: 1, does: 'walk' as const, pick: 0 }))
    const names = told({ hardware: [...hardware, { step: 3, cpu: 1, does: 'evict', pick: 0 }] }, bounds)
    expect(names.slice(0, 2)).toEqual(['speculate cpu1 page 0', 'walker cpu1'])
    expect(names.find((name) => name.startsWith('evict'))).toBe('evict cpu1 tlb page 0')
  })

  it('what the bounds rule out does not happen', () => {
    const hardware = (['walk', 'evict'] as const).map((does) => ({ step: 0, cpu: 1, does, pick: 0 }))
    const preemptions = [{ step: 0, cpu: 0, for: 3 }]
    expect(told({ hardware, preemptions }, { ...plain, preemptions: 0 })).toEqual(told({}))
  })
})
