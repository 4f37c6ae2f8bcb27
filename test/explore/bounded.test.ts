/** Bounded strategies stay within their bound, and use all of it. Both are counted from the schedule alone. */
import { describe, expect, it } from 'vitest'
import { MAX_ENABLED, type System } from '../../src/engine/system.ts'
import { delayBounded } from '../../src/explore/delay-bounded.ts'
import { preemptionBounded } from '../../src/explore/preemption-bounded.ts'
import { Runner } from '../../src/explore/run.ts'
import type { Strategy } from '../../src/explore/strategy.ts'
import { hypervList } from '../../src/policies/index.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { quiet } from './quiet.ts'
import { counters, philosophers } from './tiny.ts'

const RUNS = 600

/** Walks through a schedule; says at each step who moves, who could, and whether the environment moved. */
function* replay(system: System, schedule: Int32Array): Generator<Moment> {
  const enabled = new Int32Array(MAX_ENABLED)
  system.reset()
  for (const transition of schedule) {
    const count = system.enabled(enabled)
    const at = enabled.subarray(0, count).indexOf(transition)
    const able = new Set(Array.from(enabled.subarray(0, system.progress), (each) => system.actor(each)))
    const all = new Set(Array.from(enabled.subarray(0, count), (each) => system.actor(each)))
    yield { mover: system.actor(transition), able, all, isEnvironment: at >= system.progress }
    system.apply(transition)
  }
}

interface Moment {
  readonly mover: number
  /** Actors that can make progress; actors that can do anything. */
  readonly able: ReadonlySet<number>
  readonly all: ReadonlySet<number>
  readonly isEnvironment: boolean
}

function preemptions(system: System, schedule: Int32Array): number {
  let moving = -1
  let count = 0
  for (const { mover, able, isEnvironment } of replay(system, schedule)) {
    if (isEnvironment || (mover !== moving && able.has(moving))) count++
    if (!isEnvironment) moving = mover
  }
  return count
}

/** How many actors were passed over, going round from the last to the first. */
function delays(system: System, schedule: Int32Array): number {
  const { actors } = system
  let turn = actors - 1
  let count = 0
  for (const { mover, able, all, isEnvironment } of replay(system, schedule)) {
    let at = turn
    while (!able.has(at)) at = (at + actors - 1) % actors
    while (at !== mover) {
      count++
      do at = (at + actors - 1) % actors
      while (!all.has(at))
    }
    if (!isEnvironment) turn = mover
  }
  return count
}

/** The largest number that `count` finds in runs of a strategy, and the number of different schedules. */
function most(system: System, strategy: Strategy, count: typeof delays): [number, number] {
  const runner = new Runner()
  const seen = new Set<string>()
  let largest = 0
  for (let i = 0; i < RUNS; i++) {
    const { steps } = runner.run(system, strategy)
    const schedule = runner.schedule.slice(0, steps)
    seen.add(schedule.join())
    largest = Math.max(largest, count(system, schedule))
  }
  return [largest, seen.size]
}

const world = (): System =>
  new Worlds(hypervList, quiet()).at([
    [{ op: 'munmap', page: 0 }],
    [
      { op: 'gup_fast', page: 0 },
      { op: 'read', page: 0 },
    ],
  ])

const systems: readonly (readonly [string, () => System])[] = [
  ['threads that never wait', () => counters(5, 6, 7)],
  ['philosophers', () => philosophers(4)],
  ['a machine whose host preempts', world],
]

describe.each(systems)('%s', (_, make) => {
  it.each([1, 2, 3])('are preempted %i times at most, and in some run as often', (bound) => {
    const [largest, schedules] = most(make(), preemptionBounded(7, bound), preemptions)
    expect(largest).toBe(bound)
    expect(schedules).toBeGreaterThan(bound * 10)
  })

  it('go one after the other where no preemption is allowed', () => {
    expect(most(make(), preemptionBounded(7, 0), preemptions)[0]).toBe(0)
  })

  it.each([1, 2, 3])('are delayed %i times at most, and in some run as often', (bound) => {
    const [largest, schedules] = most(make(), delayBounded(7, bound), delays)
    expect(largest).toBe(bound)
    expect(schedules).toBeGreaterThan(bound * 5)
  })

  it('have a single schedule where no delay is allowed', () => {
    expect(most(make(), delayBounded(7, 0), delays)).toEqual([0, 1])
  })
})
