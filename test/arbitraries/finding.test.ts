/** What properties over scenarios find, and how small fast-check makes it. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runScenario, scenarios, type Scenario } from '../../src/arbitraries/index.ts'
import { flushNobody, freeBeforeAck, hypervList, nativeIpi, xenPv } from '../../src/index.ts'
import { plain } from './bounds.ts'

type AnyPolicy = Parameters<typeof runScenario>[0]

interface Looking {
  seed: number
  numRuns?: number
  path?: string
  endOnFailure?: boolean
}

// The plugins of fast-check 4.10 are typed for no property in particular, which check() would take over in its result.
const timeLimit = fc.interruptAfterTimeLimit(30_000, { failOnInterrupt: true }) as fc.Plugin<[Scenario]>

/** Looks for a scenario that violates something. */
const look = (policy: AnyPolicy, options: Looking): fc.RunDetails<[Scenario]> =>
  fc.check(
    fc.property(
      scenarios(policy, plain),
      (scenario) => runScenario(policy, plain, scenario).violation === undefined,
    ),
    { plugins: [timeLimit], ...options },
  )

/** Runs within which the race of 2017 is found: it takes 900 on average, so all three seeds miss it once in 10^14. */
const RUNS = 10_000

describe('a property over scenarios', () => {
  it.each([1, 2, 3])('finds the race of hyperv-list from nothing, and makes it small: seed %i', (seed) => {
    const found = look(hypervList, { seed, numRuns: RUNS })
    const [scenario] = found.counterexample!
    expect(scenario.workload.flat().length).toBeLessThanOrEqual(3)
    expect(runScenario(hypervList, plain, scenario).violation?.invariant).toBe('software-walk')
  })

  it('finds the same counterexample for the same seed', () => {
    const found = look(hypervList, { seed: 42, numRuns: RUNS })
    expect(found.counterexample).toMatchInlineSnapshot(`
      [
        {
          "hardware": [],
          "host": [],
          "preemptions": [],
          "schedule": [
            {
              "steps": 2,
              "who": 1,
            },
          ],
          "workload": [
            [
              {
                "op": "munmap",
                "page": 0,
              },
            ],
            [
              {
                "op": "gup_fast",
                "page": 0,
              },
            ],
          ],
        },
      ]
    `)
    const replayed = look(hypervList, { seed: 42, path: found.counterexamplePath!, endOnFailure: true })
    expect(replayed.counterexample).toEqual(found.counterexample)
    expect(replayed.numRuns).toBe(1)
  })

  it.each([flushNobody, freeBeforeAck] as AnyPolicy[])('finds a race of $name', (policy) => {
    const found = look(policy, { seed: 1, numRuns: RUNS })
    expect(found.counterexample?.[0].workload.flat().length).toBeLessThanOrEqual(3)
  })

  it('finds the race of xen-pv, which takes a preemption, where the rest is given', () => {
    const walk = [[{ op: 'munmap', page: 0 }], [{ op: 'gup_fast', page: 0 }]]
    const found = fc.check(
      fc.property(
        scenarios(xenPv, plain),
        (scenario) => runScenario(xenPv, plain, { ...scenario, workload: walk }).violation === undefined,
      ),
      { seed: 1, numRuns: RUNS },
    )
    expect(found.counterexample?.[0].preemptions).toHaveLength(1)
  })

  it('finds nothing in native-ipi in 2,000 runs', () => {
    expect(look(nativeIpi, { seed: 1, numRuns: 2000 })).toMatchObject({ failed: false, numRuns: 2000 })
  })
})
