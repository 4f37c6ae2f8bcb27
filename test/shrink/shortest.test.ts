/** The smallest schedule is the smallest: against all schedules there are. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_ENABLED, type System } from '../../src/engine/system.ts'
import { hypervList, xenPv, flushNobody } from '../../src/policies/index.ts'
import type { Bounds } from '../../src/scenario/bounds.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import type { Workload } from '../../src/scenario/workload.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { shortest } from '../../src/shrink/shortest.ts'
import { Tiny, lostUpdate, philosophers, type TinyStep } from '../explore/tiny.ts'
import { costOf, everySchedule, everyState, type PlainCost } from './brute-force.ts'
import { quiet } from '../explore/quiet.ts'

/** What `shortest` finds is a schedule of the cost it says, ends in the invariant, and costs what brute force says. */
function expectLeast(system: System, invariant: string, least: PlainCost | undefined): void {
  const { found, complete } = shortest(system, { invariant })
  expect(complete).toBe(true)
  expect(found?.cost, invariant).toEqual(least)
  if (found === undefined) return
  expect(found.violation.invariant).toBe(invariant)
  expect(costOf(system, [...found.schedule])).toEqual(found.cost)
  system.reset()
  for (const transition of found.schedule) {
    expect(system.violation).toBeUndefined()
    system.apply(transition)
  }
  system.enabled(new Int32Array(MAX_ENABLED))
  const deadlocked = system.progress === 0 && !system.final()
  expect(system.violation ?? (deadlocked ? system.deadlock() : undefined)).toEqual(found.violation)
}

const unmapAndPin: Workload = [[{ op: 'munmap', page: 0 }], [{ op: 'gup_fast', page: 0 }]]
const worldOf = (policy: AnyPolicy, workload: Workload, given: Partial<Bounds> = {}): System =>
  new Worlds(policy, quiet(given)).at(workload)

describe('the smallest violating schedule', () => {
  it.each([
    ['the lost update', lostUpdate(), 'lost-update', { switches: 2, steps: 6 }],
    ['two philosophers', philosophers(2), 'deadlock', { switches: 1, steps: 2 }],
    ['three philosophers', philosophers(3), 'deadlock', { switches: 2, steps: 3 }],
    ['polite philosophers', philosophers(3, true), 'deadlock', undefined],
  ] as const)('of %s is known', (_, system, invariant, least) => {
    expect(everySchedule(system).least.get(invariant)).toEqual(least)
    expectLeast(system, invariant, least)
  })

  it('is the one of fewest switches, though one of fewer steps has more', () => {
    const go = (from: number, to: number): TinyStep => ({
      when: (v) => v[0] === from,
      run: (v) => void (v[0] = to),
    })
    const bad: TinyStep = { run: (v) => (v[0] === 2 ? 'bad' : undefined) }
    const idle: TinyStep = { run: () => undefined }
    const detour = new Tiny({
      variables: 1,
      threads: [[go(0, 1), idle, idle, idle, go(1, 2), bad], [go(1, 2)]],
    })
    expectLeast(detour, 'bad', { switches: 0, steps: 6 })
  })

  it('is what walking all schedules finds, whatever two or three threads of random steps do', () => {
    fc.assert(
      fc.property(threads, (all) => {
        const system = new Tiny({ variables: 2, threads: all })
        const { least } = everySchedule(system)
        expect(everyState(system)).toEqual(least)
        for (const invariant of ['variable-0', 'variable-1', 'deadlock'])
          expectLeast(system, invariant, least.get(invariant))
      }),
      { numRuns: 150, seed: 2017 },
    )
  })

  it('of the race of 2017 is what walking all its schedules finds', () => {
    const world = worldOf(hypervList, unmapAndPin, { preemptions: 0 })
    const { least, schedules } = everySchedule(world)
    expect(schedules).toBeGreaterThan(500)
    expectLeast(world, 'software-walk', least.get('software-walk'))
    expect(least).toEqual(everyState(world))
  })

  it.each([
    ['hyperv-list', hypervList, {}],
    ['xen-pv', xenPv, {}],
    ['xen-pv on one pCPU', xenPv, { pcpus: 1 }],
    ['flush-nobody with speculation', flushNobody, { speculation: 1, preemptions: 0 }],
  ] as const)('of %s is what lowering all costs finds, for every invariant', (_, policy, given) => {
    const world = worldOf(policy, unmapAndPin, given)
    const least = everyState(world)
    for (const invariant of ['software-walk', 'hardware-walk', 'frame-lifetime', 'flush-completes'])
      expectLeast(world, invariant, least.get(invariant))
  })
})

describe('the search for the smallest schedule', () => {
  const world = worldOf(hypervList, unmapAndPin)
  const least = shortest(world, { invariant: 'software-walk' }).found!

  it('looks only below a limit, and finds the smallest just below it', () => {
    const { switches, steps } = least.cost
    const search = (below: PlainCost): unknown =>
      shortest(world, { invariant: 'software-walk', below }).found?.cost
    expect(search({ switches, steps })).toBeUndefined()
    expect(search({ switches, steps: steps + 1 })).toEqual(least.cost)
    expect(search({ switches: switches + 1, steps: 0 })).toEqual(least.cost)
    expect(search({ switches: switches - 1, steps: 1000 })).toBeUndefined()
  })

  it('gives up beyond its states, and says so instead of "none"', () => {
    expect(shortest(world, { invariant: 'software-walk', maxStates: 5 })).toMatchObject({
      complete: false,
      found: undefined,
    })
  })

  it('finds the same schedule again, whatever was searched before', () => {
    shortest(world, { invariant: 'no-such-invariant' })
    shortest(worldOf(xenPv, unmapAndPin), { invariant: 'software-walk' })
    expect(shortest(world, { invariant: 'software-walk' }).found).toEqual(least)
  })

  it('finds a schedule of thousands of steps at its true cost', () => {
    const long = new Tiny({ variables: 1, threads: [[{ run: (v) => (++v[0] === 5000 ? 'late' : 0) }]] })
    expect(shortest(long, { invariant: 'late' }).found?.cost).toEqual({ switches: 0, steps: 5000 })
  })

  it('finds a schedule of thousands of switches at its true cost', () => {
    const turn = (mine: number): TinyStep => ({
      when: (v) => v[0] % 2 === mine,
      run: (v) => (++v[0] === 3000 ? 'late' : 0),
    })
    const turns = new Tiny({ variables: 1, threads: [[turn(0)], [turn(1)]] })
    expect(shortest(turns, { invariant: 'late' })).toMatchObject({
      found: { cost: { switches: 2999, steps: 3000 } },
      complete: true,
    })
  })
})

const step: fc.Arbitrary<TinyStep> = fc
  .record({
    kind: fc.constantFrom('wait', 'set', 'add', 'check'),
    at: fc.integer({ min: 0, max: 1 }),
    value: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ kind, at, value }): TinyStep => {
    if (kind === 'wait') return { when: (v) => v[at] === value, run: () => undefined }
    if (kind === 'set') return { run: (v) => void (v[at] = value) }
    if (kind === 'add') return { run: (v) => void (v[at] = (v[at] + 1) % 4) }
    return { run: (v) => (v[at] === value ? `variable-${at}` : undefined) }
  })

const threads = fc.oneof(
  fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 2 }),
  fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 3, maxLength: 3 }),
)
