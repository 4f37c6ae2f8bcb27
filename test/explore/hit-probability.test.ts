/** The exact probability of hitting a race: by hand, by brute force, and against what runs of the strategies come to. */
import { describe, expect, it } from 'vitest'
import type { System } from '../../src/engine/system.ts'
import { MAX_ENABLED } from '../../src/engine/system.ts'
import { hitProbability } from '../../src/explore/hit-probability.ts'
import { pct } from '../../src/explore/pct.ts'
import { randomWalk } from '../../src/explore/random-walk.ts'
import { Runner } from '../../src/explore/run.ts'
import type { Strategy } from '../../src/explore/strategy.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import {
  flushNobody,
  freeBeforeAck,
  hypervList,
  intelRar,
  nativeIpi,
  serializationFlag,
} from '../../src/policies/index.ts'
import { boundsFor } from '../../src/scenario/bounds.ts'
import type { Workload } from '../../src/scenario/workload.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { thorough } from '../thorough.ts'
import { Tiny, counters, lostUpdate, philosophers, type TinyStep } from './tiny.ts'

const only = (...threads: TinyStep[][]): Tiny => new Tiny({ variables: 2, threads })
const boom: TinyStep = { run: () => 'boom' }

describe('a random walk', () => {
  it.each([
    ['one of two threads at once', only([boom], [{ run: () => undefined }, { run: () => undefined }]), 1],
    ['nobody', counters(2, 3), 0],
    [
      'one of three outcomes',
      only([{ outcomes: 3, run: (_, picked) => (picked === 1 ? 'boom' : undefined) }]),
      1 / 3,
    ],
    [
      'a thread that has to be first',
      only([{ run: (v) => void (v[0] = 1) }], [{ run: (v) => (v[0] === 0 ? 'boom' : undefined) }]),
      1 / 2,
    ],
    ['philosophers who each take one fork', philosophers(2), 1 / 2],
  ])('hits %s', (_what, system, expected) => {
    expect(hitProbability(system, 'random').probability).toBeCloseTo(expected, 12)
  })

  it('that may come back to where it was has the solution of its equations', () => {
    // x = 1/3 + x/3 in the first step; then again 1/4 of going back to the beginning.
    const dice: TinyStep = { outcomes: 3, run: (_, picked) => [0, 'boom', 1][picked] }
    const back: TinyStep = { outcomes: 4, run: (_, picked) => (picked === 0 ? 0 : 2) }
    // x = (x + 1 + y) / 3, y = x / 4: x = 4/7.
    expect(hitProbability(only([dice, back]), 'random').probability).toBeCloseTo(4 / 7, 12)
  })

  it('that can go round for ever without a race hits none there', () => {
    const fork: TinyStep = { outcomes: 2, run: (_, picked) => (picked === 0 ? 'boom' : 1) }
    const round: TinyStep = { run: () => 1 }
    expect(hitProbability(only([fork, round]), 'random').probability).toBeCloseTo(1 / 2, 12)
  })

  it('ends with its first violation, so the invariants share the probability', () => {
    const dice: TinyStep = { outcomes: 4, run: (_, picked) => ['one', 'one', 'two', undefined][picked] }
    const { probability, byInvariant } = hitProbability(only([dice, boom]), 'random')
    expect(probability).toBeCloseTo(1, 12)
    expect(Object.fromEntries(byInvariant)).toEqual({ one: 0.5, two: 0.25, boom: 0.25 })
  })

  it('of the lost update is what counting its 20 interleavings with their weights gives', () => {
    expect(hitProbability(lostUpdate(), 'random').probability).toBeCloseTo(weigh(lostUpdate()), 12)
  })
})

/** The same by following every path from the beginning, without states. */
function weigh(system: System, path: readonly number[] = []): number {
  system.reset()
  for (const transition of path) system.apply(transition)
  if (system.violation !== undefined) return 1
  const enabled = new Int32Array(MAX_ENABLED)
  const count = system.enabled(enabled)
  if (system.progress === 0) return system.final() ? 0 : 1
  const choices = [...enabled.subarray(0, count)]
  return choices.reduce((sum, transition) => sum + weigh(system, [...path, transition]) / count, 0)
}

/** What one run of PCT comes to, given the order of the actors and the change points: section 3 of the paper, word for word. */
function followed(system: System, order: readonly number[], points: readonly number[]): number {
  const priority = order.map((rank) => points.length + 1 + rank)
  const enabled = new Int32Array(MAX_ENABLED)
  const go = (path: readonly number[], now: readonly number[]): number => {
    system.reset()
    for (const transition of path) system.apply(transition)
    if (system.violation !== undefined) return 1
    const count = system.enabled(enabled)
    if (system.progress === 0) return system.final() ? 0 : 1
    const choices = [...enabled.subarray(0, count)]
    const actors = choices.map((transition) => system.actor(transition))
    const best = actors.toSorted((a, b) => now[b] - now[a])[0]
    const changed = [...now]
    points.forEach((point, i) => {
      if (point === path.length) changed[best] = i + 1
    })
    const picks = choices.filter((_, i) => actors[i] === best)
    return picks.reduce((sum, transition) => sum + go([...path, transition], changed), 0) / picks.length
  }
  return go([], priority)
}

function bruteForcePct(system: System, depth: number, length: number): number {
  const orders = permutations(Array.from({ length: system.actors }, (_, i) => i))
  const points = Array.from({ length: length ** (depth - 1) }, (_, i) =>
    Array.from({ length: depth - 1 }, (_u, point) => Math.floor(i / length ** point) % length),
  )
  const runs = orders.flatMap((order) => points.map((each) => followed(system, order, each)))
  return runs.reduce((sum, each) => sum + each, 0) / runs.length
}

const permutations = (things: readonly number[]): number[][] =>
  things.length === 0
    ? [[]]
    : things.flatMap((thing) =>
        permutations(things.filter((each) => each !== thing)).map((rest) => [thing, ...rest]),
      )

const mark = (value: number): TinyStep => ({ run: (v) => void (v[0] = v[0] === value - 1 ? value : v[0]) })
const boomAt = (value: number): TinyStep => ({ run: (v) => (v[0] === value ? 'boom' : undefined) })
const dice: TinyStep = { outcomes: 3, run: (v, picked) => void (v[0] += picked) }

describe('a run of PCT', () => {
  const systems: [string, () => Tiny][] = [
    ['the lost update', lostUpdate],
    ['philosophers', () => philosophers(3)],
    [
      'three threads that interrupt each other',
      () => only([mark(1), boomAt(4)], [mark(2), mark(4)], [mark(3)]),
    ],
    ['picks within a thread', () => only([dice, dice, boomAt(3)], [dice, boomAt(5)])],
    [
      'an environment',
      () =>
        new Tiny({
          variables: 1,
          threads: [[mark(1), boomAt(3)], [mark(2)]],
          environment: [{ when: (v) => v[0] === 2, run: (v) => void (v[0] = 3) }],
        }),
    ],
  ]
  describe.each(systems)('of %s', (_what, make) => {
    it.each([
      [1, 5],
      [2, 1],
      [2, 4],
      [2, 9],
      [3, 2],
      [3, 5],
    ])('of depth %i and length %i has the mean of all orders and change points', (depth, length) => {
      const { probability } = hitProbability(make(), { depth, length })
      expect(probability).toBeCloseTo(bruteForcePct(make(), depth, length), 12)
    })
  })

  it('is refused where too many actors can move, and says what to lower', () => {
    const one = (): TinyStep[] => [boomAt(9)]
    expect(() =>
      hitProbability(only(one(), one(), one(), one(), one(), one(), one(), one()), { depth: 2, length: 5 }),
    ).toThrow('a system with 8 actors that can move; expected at most 7. Lower the depth')
  })
})

const RUNS = thorough ? 1_000_000 : 30_000
/** 99 % of a normal distribution lie within so many standard deviations: of a hundred seeds, one fails by bad luck. */
const WITHIN = 2.576

const munmapBeside = (op: string): Workload => [[{ op: 'munmap', page: 0 }], [{ op, page: 0 }]]
const collapse: Workload = [[{ op: 'collapse', page: 2 }], [{ op: 'gup_fast', page: 2 }]]
const broken: [name: string, AnyPolicy, Workload, number][] = [
  ['hyperv-list', hypervList, munmapBeside('gup_fast'), 1],
  ['flush-nobody', flushNobody, munmapBeside('write'), 0],
  ['free-before-ack', freeBeforeAck, munmapBeside('read'), 1],
  ['intel-rar', intelRar, munmapBeside('gup_fast'), 0],
  ['serialization-flag', serializationFlag, collapse, 0],
]
const strategies: [string, 'random' | { depth: number; length: number }, () => Strategy][] = [
  ['a random walk', 'random', () => randomWalk(3)],
  ['PCT of depth 2', { depth: 2, length: 20 }, () => pct(3, 2, 20)],
  ['PCT of depth 3', { depth: 3, length: 30 }, () => pct(3, 3, 30)],
]

describe.each(broken)(
  '%s: of many runs, as many hit a race as the exact probability says, within 99 %%',
  (_policy, policy, workload, speculation) => {
    it.each(strategies)('%s', (_name, shape, make) => {
      const world = new Worlds(policy, boundsFor(policy, { speculation })).at(workload)
      const { byInvariant } = hitProbability(world, shape)
      const met = new Map<string, number>()
      const runner = new Runner()
      const strategy = make()
      for (let i = 0; i < RUNS; i++) {
        const name = runner.run(world, strategy).violation?.invariant
        if (name !== undefined) met.set(name, (met.get(name) ?? 0) + 1)
      }
      expect([...met.keys()].filter((name) => !byInvariant.has(name))).toEqual([])
      for (const [name, p] of byInvariant) {
        const rate = (met.get(name) ?? 0) / RUNS
        expect(Math.abs(rate - p), name).toBeLessThanOrEqual(WITHIN * Math.sqrt((p * (1 - p)) / RUNS))
      }
    })
  },
)

it('of a sound policy is nothing', () => {
  const world = new Worlds(nativeIpi, boundsFor(nativeIpi)).at(munmapBeside('gup_fast'))
  expect(hitProbability(world, 'random')).toMatchObject({ probability: 0, byInvariant: new Map() })
  expect(hitProbability(world, { depth: 3, length: 40 }).probability).toBe(0)
})

it('refuses a system that is too large', () => {
  expect(() => hitProbability(counters(9, 9, 9), 'random', { maxStates: 100 })).toThrow(
    'More than 100 states',
  )
})
