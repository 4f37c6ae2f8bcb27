/** The same seed is the same search: run by run, transition by transition. */
import { describe, expect, it } from 'vitest'
import type { System } from '../../src/engine/system.ts'
import { feedback } from '../../src/explore/feedback.ts'
import { pct } from '../../src/explore/pct.ts'
import { portfolio } from '../../src/explore/portfolio.ts'
import { randomWalk } from '../../src/explore/random-walk.ts'
import { Runner } from '../../src/explore/run.ts'
import { strategies, strategyNamed } from '../../src/explore/strategies.ts'
import type { Strategy } from '../../src/explore/strategy.ts'
import { searchRaces } from '../../src/hunt/search.ts'
import { hypervList, staticKeyEarly } from '../../src/policies/index.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { quiet } from './quiet.ts'
import { philosophers } from './tiny.ts'

const runs = (system: System, strategy: Strategy, count = 120): string[] => {
  const runner = new Runner()
  return Array.from({ length: count }, () => {
    const { steps, violation } = runner.run(system, strategy)
    return `${runner.schedule.subarray(0, steps).join()} ${violation?.explanation ?? ''}`
  })
}

const world = (): System =>
  new Worlds(hypervList, quiet({ speculation: 1, eviction: true })).at([
    [{ op: 'munmap', page: 0 }],
    [
      { op: 'gup_fast', page: 0 },
      { op: 'read', page: 0 },
    ],
  ])

describe.each(Object.keys(strategies))('the strategy "%s"', (name) => {
  it('takes the same schedules from the same seed, on machines built anew', () => {
    expect(runs(world(), strategyNamed(name, 7))).toEqual(runs(world(), strategyNamed(name, 7)))
  })

  it('takes the same schedules whatever the machine ran before', () => {
    const used = world()
    runs(used, randomWalk(99))
    expect(runs(used, strategyNamed(name, 7))).toEqual(runs(world(), strategyNamed(name, 7)))
  })

  it('takes other schedules from another seed', () => {
    const first = runs(world(), strategyNamed(name, 1))
    for (const seed of [2, 3, -1, 0x7fffffff])
      expect(runs(world(), strategyNamed(name, seed))).not.toEqual(first)
  })

  it('meets the same races in the same runs of a hunt', () => {
    const search = (): unknown => {
      const options = { operations: 4, runs: 1000, seed: 11, strategy: name, bounds: quiet() }
      const { races, foundAt, runs, steps, witnessed } = searchRaces({ policy: staticKeyEarly, ...options })
      const met = races.map(({ workload, schedule, violation }) => ({ workload, schedule, violation }))
      return { met, foundAt, runs, steps, witnessed }
    }
    expect(search()).toEqual(search())
  })
})

describe('the portfolio', () => {
  it('gives its members one run each in turn, and each member its own stream', () => {
    const both = runs(philosophers(3), portfolio(5, [randomWalk(5), pct(5)]), 40)
    const walks = runs(philosophers(3), randomWalk(5), 20)
    const priorities = runs(philosophers(3), pct(5), 20)
    expect(both.filter((_, i) => i % 2 === 0)).toEqual(walks)
    expect(both.filter((_, i) => i % 2 === 1)).toEqual(priorities)
  })

  it('begins each workload with a run of feedback and an orderly one, the last actor first', () => {
    const first = runs(philosophers(3), portfolio(5), 2)
    expect(first[0]).toBe(runs(philosophers(3), feedback(5), 1)[0])
    expect(first[1]).toBe('32,32,32,32,16,16,16,16,0,0,0,0 ')
  })

  it('takes any members', () => {
    const lone = runs(philosophers(3), portfolio(1, [randomWalk(8)]), 20)
    expect(lone).toEqual(runs(philosophers(3), randomWalk(8), 20))
  })
})

describe('a strategy by name', () => {
  it('is refused with the names that there are', () => {
    expect(() => strategyNamed('lucky', 1)).toThrow(
      'Option --strategy is "lucky"; expected one of portfolio, feedback, pct, pos, surw, delay, preemption, random.',
    )
  })

  it.each(['toString', 'constructor', '__proto__'])(
    'is refused if it only names what every object has: %s',
    (name) => {
      expect(() => strategyNamed(name, 1)).toThrow(
        'expected one of portfolio, feedback, pct, pos, surw, delay, preemption, random',
      )
    },
  )
})
