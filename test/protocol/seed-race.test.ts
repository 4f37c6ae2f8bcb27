/**
 * The seed race as a protocol has as many states and transitions as SPIN, TLC, rumur and hand-written C++ count for the
 * same model (violations followed, two preemptions): control states merge exactly where nothing tells them apart.
 */
import { describe, expect, it } from 'vitest'
import { seedCases } from '../../bench/protocols/seed-counts.ts'
import { seedRace } from '../../bench/protocols/seed-race.ts'
import { explore } from '../../src/explore/exhaustive.ts'
import { Space } from '../../src/protocol/index.ts'
import { shortest } from '../../src/shrink/shortest.ts'
import { thorough } from '../thorough.ts'

/** Larger spaces wait for a thorough run. */
const SHORT = 60_000

describe('the seed race as a protocol', () => {
  it.each(seedCases.filter(({ states }) => thorough || states < SHORT))(
    'has $states states with $policy, $cpus CPUs and $rounds rounds',
    ({ policy, states, transitions, ...size }) => {
      const space = new Space(seedRace(policy, size))
      expect(explore(space, { countOnly: true, fitted: true })).toMatchObject({ states, transitions })
    },
    300_000,
  )

  it.each([2, 3, 4])('has a shortest counterexample of N+5 steps and 2 switches with %i CPUs', (cpus) => {
    const space = new Space(seedRace('hypercall', { cpus, rounds: 1, preemptions: 2 }))
    const { found } = shortest(space, { invariant: 'no-use-after-free' })
    expect(found?.cost).toEqual({ switches: 2, steps: cpus + 5 })
  })

  it.each(['ipi', 'quiescence'] as const)('is safe with %s', (policy) => {
    const { violation, complete } = explore(
      new Space(seedRace(policy, { cpus: 3, rounds: 2, preemptions: 2 })),
    )
    expect({ violation, complete }).toEqual({ violation: undefined, complete: true })
  })
})
