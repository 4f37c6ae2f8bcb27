/** One run of a system: how it ends, and what is known of it afterwards. */
import { describe, expect, it } from 'vitest'
import { randomWalk } from '../../src/explore/random-walk.ts'
import { Runner } from '../../src/explore/run.ts'
import type { Strategy } from '../../src/explore/strategy.ts'
import { Tiny, counters, lostUpdate, philosophers, type TinyStep } from './tiny.ts'

/** Always picks the same place, and keeps a diary. */
const spy = (place: number): Strategy & { diary: string[] } => {
  const diary: string[] = []
  return {
    diary,
    name: 'spy',
    begin: () => void diary.push('begin'),
    choose: (_enabled, count) => (diary.push(`choose of ${count}`), Math.min(place, count - 1)),
    end: (steps) => void diary.push(`end after ${steps}`),
  }
}

describe('a run', () => {
  it('ends when everybody has ended, with every transition in its schedule', () => {
    const runner = new Runner()
    expect(runner.run(counters(2, 3), randomWalk(1))).toEqual({ steps: 5, violation: undefined })
    expect(runner.schedule.slice(0, 5).toSorted()).toEqual(Int32Array.of(0, 0, 16, 16, 16))
  })

  it('ends with the transition that violates something', () => {
    const runner = new Runner()
    const early: TinyStep = { run: () => 'too-early' }
    const never: TinyStep = { run: () => expect.unreachable('a step after the violation') }
    const run = runner.run(new Tiny({ variables: 1, threads: [[early, never]] }), randomWalk(1))
    expect(run).toMatchObject({ steps: 1, violation: { invariant: 'too-early' } })
  })

  it('ends in a deadlock where nobody can go on and somebody has to', () => {
    let turn = 0
    const turns: Strategy = { ...spy(0), choose: () => turn++ % 2 }
    const { violation, steps } = new Runner().run(philosophers(2), turns)
    expect(violation).toEqual({ invariant: 'deadlock', explanation: 'threads 0, 1 wait for ever' })
    expect(steps).toBe(2)
  })

  it('is given up after 4,096 steps of a system that never ends, without a violation', () => {
    const endless = new Tiny({ variables: 1, threads: [[{ run: () => 0 }], [{ run: () => 0 }]] })
    expect(new Runner().run(endless, randomWalk(1))).toEqual({ steps: 4096, violation: undefined })
  })

  it('does not wait for what the environment may still do', () => {
    const again: TinyStep = { run: (v) => void v[0]++ }
    const system = new Tiny({ variables: 1, threads: [[again]], environment: [again] })
    expect(new Runner().run(system, spy(0))).toEqual({ steps: 1, violation: undefined })
  })

  it('asks its strategy at every step, and tells it the length at the end', () => {
    const strategy = spy(0)
    new Runner().run(counters(2, 1), strategy)
    expect(strategy.diary).toEqual(['begin', 'choose of 2', 'choose of 2', 'choose of 1', 'end after 3'])
  })

  it('begins anew each time, whatever state the system was left in', () => {
    const runner = new Runner()
    const system = lostUpdate()
    const lengths = Array.from({ length: 50 }, (_, i) => runner.run(system, randomWalk(i)).steps)
    expect(new Set(lengths)).toEqual(new Set([6]))
  })

  it('replays: its schedule leads to the same violation again', () => {
    const runner = new Runner()
    const system = lostUpdate()
    const walk = randomWalk(5)
    let run = runner.run(system, walk)
    while (run.violation === undefined) run = runner.run(system, walk)
    system.reset()
    for (const transition of runner.schedule.subarray(0, run.steps)) system.apply(transition)
    expect(system.violation).toEqual(run.violation)
  })
})
