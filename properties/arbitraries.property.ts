/**
 * Properties over scenarios, for what `describePolicy` does not ask: several policies under one scenario, machines that
 * vCPUs share, and corpus cases as the first examples. A failure prints a scenario that can be played as it stands.
 */
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runScenario, scenarioOfCase, scenarios, type Scenario } from '../src/arbitraries/index.ts'
import { hypervList, hypervRcu, nativeIpi, readCorpus, xenPv, xenRcu, type Bounds } from '../src/index.ts'

const { cases } = readCorpus(join(import.meta.dirname, '../corpus'))
const plugins = [fc.interruptAfterTimeLimit(20_000)]

/** The races that a policy is known for: as scenarios, each with the bounds that it was met within. */
const racesOf = (policy: string): { scenario: Scenario; bounds: Bounds }[] =>
  cases
    .filter(({ case: kept }) => kept.policy === policy)
    .map(({ case: kept }) => ({ scenario: scenarioOfCase(kept), bounds: kept.bounds }))

describe.each([
  { broken: hypervList, cure: hypervRcu },
  { broken: xenPv, cure: xenRcu },
])('$broken.name', ({ broken, cure }) => {
  const races = racesOf(broken.name)

  test(`what breaks it does not break ${cure.name}`, () => {
    expect(races).not.toEqual([])
    for (const { scenario, bounds } of races) {
      expect(runScenario(broken, bounds, scenario).violation).toBeDefined()
      expect(runScenario(cure, bounds, scenario).violation).toBeUndefined()
    }
  })

  test(`${cure.name} survives that and anything else within the bounds that it was met in`, () => {
    const [{ bounds }] = races
    const arbitrary = scenarios(cure, bounds)
    const examples = races.filter(({ scenario }) => arbitrary.canShrinkWithoutContext(scenario))
    fc.assert(
      fc.property(arbitrary, (scenario) => {
        expect(runScenario(cure, bounds, scenario).violation).toBeUndefined()
      }),
      { examples: examples.map(({ scenario }) => [scenario]), plugins, numRuns: 1500 },
    )
  })
})

test('native-ipi survives vCPUs that share pCPUs and migrate between them', () => {
  const bounds = { vcpus: 3, pcpus: 2, migration: true, preemptions: 2 }
  fc.assert(
    fc.property(scenarios(nativeIpi, bounds, { operations: 5, turns: 8 }), (scenario) => {
      expect(runScenario(nativeIpi, bounds, scenario).violation).toBeUndefined()
    }),
    { plugins, numRuns: 1500 },
  )
})

test('whoever is preempted for nothing breaks nothing: a scenario survives more preemptions', () => {
  const extra = fc.record({ step: fc.nat(20), cpu: fc.nat(1), for: fc.nat(10) })
  fc.assert(
    fc.property(scenarios(nativeIpi, { preemptions: 3 }), extra, (scenario, point) => {
      const preemptions = [...scenario.preemptions, point].toSorted((a, b) => a.step - b.step)
      expect(
        runScenario(nativeIpi, { preemptions: 4 }, { ...scenario, preemptions }).violation,
      ).toBeUndefined()
    }),
    { plugins, numRuns: 1000 },
  )
})
