/** PCT keeps the promise of its paper: a bug of depth d is hit with probability at least 1 / (n k^(d-1)). */
import { describe, expect, it } from 'vitest'
import { Random } from '../../src/engine/random.ts'
import type { System } from '../../src/engine/system.ts'
import { explore } from '../../src/explore/exhaustive.ts'
import { pct } from '../../src/explore/pct.ts'
import { Runner } from '../../src/explore/run.ts'
import type { Strategy } from '../../src/explore/strategy.ts'
import { Tiny, counters, type TinyStep } from './tiny.ts'

/** Of so many runs, how many end in a violation, after some runs that teach the strategy how long runs are. */
function hitRate(system: System, strategy: Strategy, runs = 20_000): number {
  const runner = new Runner()
  let hits = 0
  for (let i = -100; i < runs; i++) {
    const { violation } = runner.run(system, strategy)
    if (i >= 0 && violation !== undefined) hits++
  }
  return hits / runs
}

const idle = (count: number): TinyStep[] => Array.from({ length: count }, () => ({ run: () => undefined }))
const at =
  (value: number) =>
  (v: Int32Array): boolean =>
    v[0] === value
const mark = (value: number): TinyStep => ({ run: (v) => void (v[0] = v[0] === value - 1 ? value : v[0]) })
const boom = (value: number): TinyStep => ({ run: (v) => (at(value)(v) ? 'boom' : undefined) })

/** Depth 1: thread 1 comes first. */
const ordering = (length: number): Tiny =>
  new Tiny({
    variables: 1,
    threads: [
      [...idle(length), mark(1)],
      [...idle(length), { run: (v) => (v[0] === 0 ? 'boom' : undefined) }],
    ],
  })

/** Depth 2: thread 1 ends between two neighbouring steps of thread 0. */
const window = (before: number, after: number, other: number): Tiny =>
  new Tiny({
    variables: 1,
    threads: [
      [...idle(before), { run: (v) => void (v[0] = 1) }, { run: (v) => void (v[0] = 0) }, ...idle(after)],
      [...idle(other), boom(1)],
    ],
  })

/** Depth 3: thread 1 ends in a window of thread 0, and thread 0 goes on in a window that thread 1 opened before its end. */
const twice = (length: number): Tiny =>
  new Tiny({
    variables: 1,
    threads: [
      [...idle(length), mark(1), boom(2), ...idle(length)],
      [mark(2), { run: (v) => void (v[0] = 0) }, ...idle(length)],
    ],
  })

const expectAtLeast = (rate: number, promised: number): void => {
  // Three standard deviations of 20,000 runs below the promise would be bad luck of one in seven hundred.
  expect(rate).toBeGreaterThan(promised - 3 * Math.sqrt((promised * (1 - promised)) / 20_000))
}

describe('PCT hits a bug of depth d among n threads and k steps in at least 1 / (n k^(d-1)) of its runs', () => {
  it('d = 1: one order of two threads', () => {
    expectAtLeast(hitRate(ordering(19), pct(42, 1)), 1 / 2)
  })

  it.each([
    [10, 10, 20],
    [25, 5, 10],
    [0, 38, 2],
  ])(
    'd = 2: a window of one step, %i steps before it, %i after it, %i in the other thread',
    (before, after, other) => {
      const k = before + after + 2 + other + 1
      expectAtLeast(hitRate(window(before, after, other), pct(42, 2)), 1 / (2 * k))
    },
  )

  it('d = 3: a window within a window', () => {
    expectAtLeast(hitRate(twice(12), pct(42, 3)), 1 / (2 * 40 ** 2))
  })

  it('d = 1 never hits a bug of depth 2 that needs a switch in the middle of both threads', () => {
    expect(hitRate(twice(6), pct(42, 1), 5000)).toBe(0)
  })

  it('in short runs too', () => {
    expectAtLeast(hitRate(window(2, 1, 2), pct(42, 2)), 1 / (2 * 8))
  })

  it('and so does the algorithm as the paper gives it where two drops may come in either order', () => {
    expect(explore(nested()).violation?.invariant).toBe('boom')
    expect(hitRate(nested(), asInThePaper(42, 3), 100_000)).toBeGreaterThan(0)
  })

  it('where the thread that is interrupted last goes on first', () => {
    expect(hitRate(nested(), pct(42, 3), 100_000)).toBeGreaterThan(0)
  })
})

/** Thread 0, interrupted by thread 1, interrupted by thread 2; then thread 1 goes on before thread 0. */
const nested = (): Tiny =>
  new Tiny({ variables: 1, threads: [[mark(1), boom(4)], [mark(2), mark(4)], [mark(3)]] })

/** Section 3 of the paper: change point i gives priority i, and change points are drawn in no order. */
function asInThePaper(seed: number, depth: number): Strategy {
  const random = new Random(seed)
  let priority: number[] = []
  let points: number[] = []
  let step = 0
  return {
    name: 'as in the paper',
    begin(system) {
      priority = Array.from({ length: system.actors }, () => depth + random.below(60_000))
      points = Array.from({ length: depth - 1 }, () => random.below(32))
      step = 0
    },
    choose(enabled, count, system) {
      const actors = Array.from(enabled.subarray(0, count), (transition) => system.actor(transition))
      const best = actors.indexOf(actors.toSorted((a, b) => priority[b] - priority[a])[0])
      const point = points.indexOf(step++)
      if (point >= 0) priority[actors[best]] = point
      return best
    },
    end: () => {},
  }
}

describe('PCT runs the thread of highest priority', () => {
  it('without a switch if nothing drops: each thread to its end', () => {
    const runner = new Runner()
    const strategy = pct(3, 1)
    for (let i = 0; i < 200; i++) {
      const { steps } = runner.run(counters(5, 5, 5), strategy)
      const order = [...runner.schedule.subarray(0, steps)]
      expect(order.filter((thread, j) => j > 0 && thread !== order[j - 1])).toHaveLength(2)
    }
  })

  it('with at most d - 1 interruptions of a thread that could go on', () => {
    const runner = new Runner()
    for (const depth of [2, 3, 4]) {
      const strategy = pct(depth, depth)
      for (let i = 0; i < 200; i++) {
        const { steps } = runner.run(counters(9, 9, 9), strategy)
        const order = [...runner.schedule.subarray(0, steps)]
        const switches = order.filter((thread, j) => j > 0 && thread !== order[j - 1]).length
        expect(switches - 2).toBeLessThanOrEqual(2 * (depth - 1))
      }
    }
  })

  it('each order of three threads about as often as the others', () => {
    const runner = new Runner()
    const strategy = pct(9, 1)
    const seen = new Map<string, number>()
    for (let i = 0; i < 6000; i++) {
      runner.run(counters(1, 1, 1), strategy)
      const order = runner.schedule.subarray(0, 3).join()
      seen.set(order, (seen.get(order) ?? 0) + 1)
    }
    expect(seen.size).toBe(6)
    for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})
