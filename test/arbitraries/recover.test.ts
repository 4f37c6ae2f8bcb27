import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  runScenario,
  scenarioOfCase,
  scenarioOfRace,
  scenarios,
  type Scenario,
} from '../../src/arbitraries/index.ts'
import {
  expectedOutcome,
  flushNobody,
  freeBeforeAck,
  hypervList,
  hypervRcu,
  makeBounds,
  makeCase,
  nativeIpi,
  parseCase,
  pct,
  policyNamed,
  raceOfCase,
  randomWalk,
  readCorpus,
  replayCase,
  Runner,
  shrink,
  withOptions,
  Worlds,
  xenPv,
} from '../../src/index.ts'
import { plain } from './bounds.ts'

const corpus = readCorpus(join(import.meta.dirname, '../../corpus')).cases.map(({ case: kept }) => kept)
const reproduced = corpus.filter((kept) => expectedOutcome(kept, policyNamed(kept.policy)!) === 'reproduced')

describe.each(reproduced)('the corpus case $id', (kept) => {
  const policy = withOptions(policyNamed(kept.policy)!, kept.options ?? {})
  const scenario = scenarioOfCase(kept)
  const violates = (each: Scenario): boolean =>
    runScenario(policy, kept.bounds, each).violation?.invariant === kept.invariant

  it('is reproduced by its scenario, step by step', () => {
    const { race } = runScenario(policy, kept.bounds, scenario)
    expect(makeCase(race!, undefined)).toMatchObject({
      id: kept.id,
      schedule: kept.schedule,
      explanation: kept.explanation,
    })
  })

  it('is plain data', () => {
    expect(JSON.parse(JSON.stringify(scenario))).toEqual(scenario)
  })

  it('shrinks as an example, and what is left violates the same', () => {
    const arbitrary = scenarios(policy, kept.bounds)
    const failure = fc.check(
      fc.property(arbitrary, (each) => !violates(each)),
      { examples: [[scenario]], numRuns: 1 },
    )
    const [left] = failure.counterexample!
    expect(violates(left)).toBe(true)
    expect(left.workload.flat()).toHaveLength(kept.size.operations)
    expect(left.schedule.length).toBeLessThanOrEqual(scenario.schedule.length)
  })
})

describe('a corpus case on another policy', () => {
  const kept = corpus.find(({ id }) => id.startsWith('hyperv-list'))!

  it('becomes the scenario that broke its own', () => {
    const scenario = scenarioOfCase(kept, hypervRcu)
    expect(scenario.workload).toEqual(kept.workload)
    expect(scenario.schedule[0]).toEqual({ who: 1, steps: 2 })
    expect(runScenario(hypervRcu, kept.bounds, scenario).violation).toBeUndefined()
  })

  it.each([
    ['a policy that is not known', { ...kept, policy: 'mine' }, undefined, 'There is no policy named "mine"'],
    [
      'an operation that the policy does not have',
      corpus.find(({ policy }) => policy === 'static-key-early')!,
      nativeIpi,
      'operation "turn_key" is not known',
    ],
  ])('says what is wrong with %s', (_, given, policy, message) => {
    expect(() => scenarioOfCase(given, policy)).toThrow(message)
  })
})

describe('a race that a hunt has met', () => {
  const machines = {
    plain: plain,
    'three vCPUs': { ...plain, vcpus: 3, pcpus: 3 },
    'two vCPUs on one pCPU': { ...plain, pcpus: 1, preemptions: 4 },
    'three vCPUs on two pCPUs': { ...plain, vcpus: 3, preemptions: 2 },
    'four migrating vCPUs on two pCPUs': { ...plain, vcpus: 4, migration: true, preemptions: 2 },
    'speculation and eviction': { ...plain, speculation: 2, eviction: true, preemptions: 2 },
    'no VPID': { ...plain, vpid: false, preemptions: 3, levels: 3 },
  }

  /** Operations that meet on one page, so that many runs are races, and long ones. */
  const meeting = ['munmap', 'gup_fast', 'read', 'write'].map((op) => [
    { op, page: 0 },
    { op: 'read', page: 0 },
  ])

  it.each(Object.entries(machines))('is played step by step by its scenario: %s', (_, given) => {
    const bounds = makeBounds(given)
    const workload = meeting.slice(0, bounds.vcpus)
    const runner = new Runner()
    let races = 0
    for (const policy of [flushNobody, freeBeforeAck, hypervList, xenPv]) {
      const world = new Worlds(policy, bounds).at(workload)
      for (const strategy of [randomWalk(1), pct(2)]) {
        for (let i = 0; i < 150; i++) {
          const { steps, violation } = runner.run(world, strategy)
          if (violation === undefined) continue
          const race = { policy, bounds, workload, schedule: runner.schedule.slice(0, steps), violation }
          const scenario = scenarioOfRace(race)
          const played = runScenario(policy, bounds, scenario)
          expect(played.violation, JSON.stringify(scenario)).toEqual(violation)
          expect(played.steps).toBe(steps)
          expect(scenarios(policy, bounds).canShrinkWithoutContext(scenario)).toBe(true)
          races++
        }
      }
    }
    expect(races).toBeGreaterThan(10)
  })

  it('goes through a scenario, the shrinker and the corpus without a change', () => {
    const kept = corpus.find(({ id }) => id.startsWith('hyperv-list'))!
    const policy = policyNamed(kept.policy)!
    const { race, certificate } = shrink(runScenario(policy, kept.bounds, scenarioOfCase(kept)).race!, {
      maxStates: 2000,
    })
    const made = makeCase(race, certificate)
    expect(certificate).toBeDefined()
    expect(made.schedule).toHaveLength(kept.schedule.length)
    const read = parseCase('made.json', JSON.stringify(made))
    expect(replayCase(read, policy).outcome).toBe('reproduced')
    expect(raceOfCase('made.json', read, policy).violation).toEqual(race.violation)
  })
})
