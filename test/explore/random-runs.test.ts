/** Random runs and exhaustive search look at the same systems: neither sees what the other rules out. */
import { describe, expect, it } from 'vitest'
import { explore } from '../../src/explore/exhaustive.ts'
import { portfolio } from '../../src/explore/portfolio.ts'
import { randomWalk } from '../../src/explore/random-walk.ts'
import { Runner } from '../../src/explore/run.ts'
import type { Strategy } from '../../src/explore/strategy.ts'
import type { System } from '../../src/engine/system.ts'
import { policies } from '../../src/policies/index.ts'
import type { Workload } from '../../src/scenario/workload.ts'
import type { World } from '../../src/scenario/world.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { shortest } from '../../src/shrink/shortest.ts'
import { quiet } from './quiet.ts'
import { lostUpdate, philosophers } from './tiny.ts'

const met = (system: System, strategy: Strategy, runs: number): Set<string> => {
  const runner = new Runner()
  const invariants = new Set<string>()
  for (let i = 0; i < runs; i++) {
    const { violation } = runner.run(system, strategy)
    if (violation !== undefined) invariants.add(violation.invariant)
  }
  return invariants
}

const RUNS = 20_000
const workloads: readonly (readonly [string, string, string, Workload])[] = [
  [
    'munmap beside gup_fast',
    'hyperv-list',
    'native-ipi',
    [[{ op: 'munmap', page: 0 }], [{ op: 'gup_fast', page: 0 }]],
  ],
  [
    'munmap beside read',
    'flush-nobody',
    'hyperv-rcu',
    [[{ op: 'munmap', page: 0 }], [{ op: 'read', page: 0 }]],
  ],
  [
    'reclaim beside two writes',
    'free-before-ack',
    'native-ipi',
    [
      [{ op: 'reclaim', page: 2 }],
      [
        { op: 'write', page: 2 },
        { op: 'write', page: 2 },
      ],
    ],
  ],
  [
    'collapse beside two reads',
    'flush-before-unhook',
    'hyperv-rcu',
    [
      [{ op: 'collapse', page: 2 }],
      [
        { op: 'read', page: 2 },
        { op: 'read', page: 3 },
      ],
    ],
  ],
]
const worldOf = (name: string, workload: Workload): World =>
  new Worlds(
    policies.find((each) => each.name === name)!,
    quiet(),
  ).at(workload)

describe.each(workloads)(`${RUNS.toLocaleString('en')} random walks of %s`, (_, broken, safe, workload) => {
  it(`meet only what exhaustive search finds, where ${broken} flushes`, () => {
    const world = worldOf(broken, workload)
    const seen = met(world, randomWalk(1), RUNS)
    expect(seen.size).toBeGreaterThan(0)
    for (const invariant of seen) expect(shortest(world, { invariant }).found, invariant).toBeDefined()
  })

  it(`meet nothing where ${safe} flushes, which exhaustive search calls safe`, () => {
    const world = worldOf(safe, workload)
    expect(explore(world)).toMatchObject({ complete: true, violation: undefined })
    expect(met(world, randomWalk(1), RUNS)).toEqual(new Set())
  })
})

describe('random runs of tiny systems', () => {
  it('meet the deadlock of the philosophers and the lost update, each and nothing else', () => {
    expect(met(philosophers(3), randomWalk(2), 2000)).toEqual(new Set(['deadlock']))
    expect(met(lostUpdate(), portfolio(2), 2000)).toEqual(new Set(['lost-update']))
  })

  it('meet nothing where exhaustive search says that there is nothing', () => {
    expect(explore(philosophers(4, true)).violation).toBeUndefined()
    expect(met(philosophers(4, true), portfolio(3), 20_000)).toEqual(new Set())
  })
})
