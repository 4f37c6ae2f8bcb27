/**
 * The seed race as a protocol has as many states and transitions as SPIN, TLC, rumur and hand-written C++ count for the
 * same model (violations followed, two preemptions): control states merge exactly where nothing tells them apart.
 */
import { describe, expect, it } from 'vitest'
import { seedRace, type SeedPolicy } from '../../bench/protocols/seed-race.ts'
import { explore } from '../../src/explore/exhaustive.ts'
import { Space } from '../../src/protocol/index.ts'
import { shortest } from '../../src/shrink/shortest.ts'
import { thorough } from '../thorough.ts'

/** By CPUs and rounds: states and transitions with IPIs, with a hypercall, with a hypercall and quiescence. */
const counts: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  '2 1': [
    [464, 1171],
    [360, 920],
    [376, 949],
  ],
  '2 2': [
    [872, 2238],
    [680, 1765],
    [704, 1806],
  ],
  '2 3': [
    [1280, 3305],
    [1000, 2610],
    [1032, 2663],
  ],
  '3 1': [
    [11_388, 43_160],
    [6348, 23_720],
    [6684, 24_696],
  ],
  '3 2': [
    [40_908, 158_880],
    [22_800, 87_200],
    [23_736, 89_856],
  ],
  '3 3': [
    [88_692, 347_448],
    [49_428, 190_600],
    [51_252, 195_704],
  ],
  '4 1': [
    [308_040, 1_557_180],
    [109_293, 527_172],
    [114_325, 546_884],
  ],
  '4 2': [
    [2_117_333, 11_017_528],
    [750_125, 3_725_200],
    [776_186, 3_826_636],
  ],
  '4 3': [
    [6_782_252, 35_650_276],
    [2_401_607, 12_049_156],
    [2_475_863, 12_336_340],
  ],
}
/** Larger spaces wait for a thorough run. */
const SHORT = 60_000

const policies: readonly SeedPolicy[] = ['ipi', 'hypercall', 'quiescence']
const cases = Object.entries(counts).flatMap(([size, row]) => {
  const [cpus, rounds] = size.split(' ').map(Number)
  return policies.map((policy, i) => ({ policy, cpus, rounds, states: row[i][0], transitions: row[i][1] }))
})

describe('the seed race as a protocol', () => {
  it.each(cases.filter(({ states }) => thorough || states < SHORT))(
    'has $states states with $policy, $cpus CPUs and $rounds rounds',
    ({ policy, cpus, rounds, states, transitions }) => {
      const space = new Space(seedRace(policy, { cpus, rounds, preemptions: 2 }))
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
