/** SURW draws the interleavings of the interesting steps evenly, whatever else there is to do. */
import { describe, expect, it } from 'vitest'
import { randomWalk } from '../../src/explore/random-walk.ts'
import { Runner } from '../../src/explore/run.ts'
import type { Strategy } from '../../src/explore/strategy.ts'
import { surw } from '../../src/explore/surw.ts'
import { Protocol, Space } from '../../src/protocol/index.ts'

const RUNS = 20_000

/** What each thread does, a letter a step: `s` on the shared word, `p` on its own. */
function threads(...programs: readonly string[]): Space {
  const p = new Protocol(programs.join(' '))
  const shared = p.word('shared')
  const own = p.word('own', 0, programs.length)
  const onShared = p.step('shared', () => {}, { writes: () => shared })
  const onOwn = p.step('own', () => {}, { writes: (i) => own + i })
  programs.forEach((program, i) =>
    p.thread(`T${i}`, function* () {
      for (const letter of program) yield* letter === 's' ? onShared() : onOwn(i)
    }),
  )
  return new Space(p)
}

/** Chi-square of the orders of the shared steps, against all of them being equally likely. */
function chiSquare(programs: readonly string[], strategy: Strategy, orders: number): number {
  const space = threads(...programs)
  const runner = new Runner()
  const seen = new Map<string, number>()
  for (let run = -1; run < RUNS; run++) {
    const { steps } = runner.run(space, strategy)
    // How many steps of each kind there are is learned in the first run.
    if (run < 0) continue
    const positions = programs.map(() => 0)
    let order = ''
    for (const transition of runner.schedule.subarray(0, steps)) {
      const thread = space.actor(transition)
      if (programs[thread][positions[thread]++] === 's') order += thread
    }
    seen.set(order, (seen.get(order) ?? 0) + 1)
  }
  const expected = RUNS / orders
  const sum = [...seen.values()].reduce((total, count) => total + (count - expected) ** 2 / expected, 0)
  return sum + (orders - seen.size) * expected
}

/** Programs, how many orders of their shared steps there are, and a chi-square that one even draw in a hundred exceeds. */
const cases = [
  [['sss', 'ss'], 10, 21.7],
  [['sss', 'ppppppss'], 10, 21.7],
  [['pspsps', 'sspp'], 10, 21.7],
  [['s', 'pps', 'sppppp'], 6, 15.1],
  [['ss', 'ss', 's'], 30, 49.6],
] as const

describe.each(cases)('threads that do %j', (programs, orders, limit) => {
  it('take their shared steps in each order equally often', () => {
    expect(chiSquare(programs, surw(11), orders)).toBeLessThan(limit)
  })
})

it('a random walk does not: who has more to do before it comes later', () => {
  expect(chiSquare(['sss', 'ppppppss'], randomWalk(11), 10)).toBeGreaterThan(1000)
})

it('where nothing is shared, there is nothing to hold, and all interleavings are still met', () => {
  const space = threads('pp', 'pp')
  const runner = new Runner()
  const strategy = surw(5)
  const seen = new Set<string>()
  for (let i = 0; i < 400; i++) {
    const { steps } = runner.run(space, strategy)
    seen.add(runner.schedule.subarray(0, steps).join())
  }
  expect(seen.size).toBe(6)
})
