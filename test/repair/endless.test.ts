/** Repairs after which some fair run never ends: wherever in the space that is, and not only in the race's own workload. */
import { describe, expect, it } from 'vitest'
import {
  boundsFor,
  liveness,
  livenessBounds,
  tellRepair,
  type Code,
  type GuestWord,
  type Race,
} from '../../src/index.ts'
import type { AnyCpu } from '../../src/guest/cpu.ts'
import { FREE_TABLE } from '../../src/machine/frames.ts'
import { crossed } from '../liveness/policies/crossed.ts'
import { quickRepair, raceOf, wordNamed, wordsOf } from './cases.ts'

const shipped = raceOf('hyperv-list')
const policy = { ...shipped.policy, workload: ['munmap', 'gup_fast'] }
const race: Race = { ...shipped, policy, bounds: boundsFor(policy, { speculation: 0, preemptions: 0 }) }

/** Cures the race, and waits for ever where the table of a region of two pages is freed: in other workloads than its own. */
const curesAndWaits = (wait: (cpu: AnyCpu) => Code): GuestWord => ({
  name: 'cures-and-waits',
  kind: 'rcu',
  sentence: 'free the table by RCU, and wait for the lock that is held if it is the table of two pages',
  replaces: FREE_TABLE,
  *code(cpu, { step }) {
    yield* cpu.rcuFree(step!.a)
    if (cpu.config.pages.length > 1) yield* wait(cpu)
  },
})
const poll = function* (cpu: AnyCpu): Code {
  do yield* cpu.checkpoint('poll')
  while ((yield* cpu.load(cpu.kernel.lock[0])) !== 0)
}

describe('a repair that waits for ever in another workload than that of the race', () => {
  const verdictOf = (word: GuestWord, operations: number) => {
    const { cures, rejected } = quickRepair(race, { vocabulary: [word], insertions: 1, operations })
    return { cures: cures.length, rejected: rejected.map(({ verdict, why }) => ({ verdict, why })) }
  }
  it.each([
    ['polls', 'livelocks', poll, /^CPU0: munmap\(\d\), munmap\(\d\) .*: livelock; CPU0: load mmap_lock$/],
    ['is stuck', 'deadlocks', (cpu: AnyCpu) => cpu.until(cpu.kernel.lock[0], 0), /flush-completes: deadlock/],
  ] as const)('and %s there %s', (_, verdict, wait, why) => {
    expect(verdictOf(curesAndWaits(wait), 2)).toEqual({
      cures: 0,
      rejected: [{ verdict, why: expect.stringMatching(why) }],
    })
  })

  it('passes a space that has no such workload', () => {
    expect(verdictOf(curesAndWaits(poll), 1)).toEqual({ cures: 1, rejected: [] })
  })
})

describe('that every fair run of a repaired policy ends', () => {
  const words = { vocabulary: [wordNamed('free-by-rcu')], insertions: 1 }

  it('is known of all workloads where the budget suffices, and told so', () => {
    const found = quickRepair(race, words)
    const [{ live, workloads }] = found.cures
    expect(live).toEqual({ workloads, states: expect.any(Number) })
    expect(tellRepair(found)[2]).toMatch(/states; every fair run ends$/)
  })

  it('is not established where the budget ends: it is said of how many it is known, and what that took', () => {
    const { states } = quickRepair(race, words).cures[0].live
    const found = quickRepair(race, { ...words, maxLiveStates: states - 1 })
    const [{ live, workloads }] = found.cures
    expect(live.notEstablished).toBe(`it takes more than ${states - 1} states`)
    expect(live.workloads).toBe(workloads - 1)
    expect(live.states).toBeLessThan(states)
    expect(tellRepair(found)[2]).toContain(
      `; that every fair run ends is not established: it takes more than ${states - 1} states, known of ${live.workloads} workloads, ${live.states} states`,
    )
    expect(quickRepair(race, { ...words, maxLiveStates: states }).cures[0].live).toEqual({
      workloads,
      states,
    })
  })

  it('is not established where time ends', () => {
    // Asked again and again while the last graphs are searched: a little later than the last state of the safe space.
    let asked = 0
    quickRepair(race, { ...words, stop: () => (asked++, false) })
    let again = 0
    const found = quickRepair(race, { ...words, stop: () => ++again >= asked })
    expect(found.cures[0].live).toMatchObject({ notEstablished: 'time ended' })
  })
})

it('a run that goes round for ever is cured like one that ends: CPUs that poll with interrupts off turn them on', () => {
  const broken = crossed('poll', true)
  const { race: round } = liveness({ policy: broken, bounds: livenessBounds(broken), operations: 2 })
  expect(round!.cycle).toBeGreaterThan(0)
  const found = quickRepair(round!, {
    vocabulary: [wordNamed('interrupts-on'), wordNamed('barrier')],
    insertions: 1,
    operations: 2,
  })
  expect(wordsOf(found)).toEqual([['interrupts-on']])
  expect(new Set(found.rejected.map(({ verdict }) => verdict))).toEqual(new Set(['livelocks']))
})
