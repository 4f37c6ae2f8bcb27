/** Repairs that are none: what deadlocks, spins for ever, never frees, or keeps out of the race's way is rejected. */
import { expect, it } from 'vitest'
import { boundsFor, definePolicy, shortest, Worlds, type Race, type RepairWord } from '../../src/index.ts'
import { FREE_TABLE } from '../../src/machine/frames.ts'
import { SEND_IPI } from '../../src/machine/interrupts.ts'
import { variable } from '../../src/machine/word.ts'
import { quickRepair, raceOf, wordNamed } from './cases.ts'

const race = raceOf('hyperv-list')

/** What is said of each candidate, by its part and place. */
const verdictsOf = (of: Race, words: readonly RepairWord[]): Set<string> =>
  new Set(quickRepair(of, { vocabulary: words, insertions: 1 }).rejected.map(({ verdict }) => verdict))

it('an IPI that is waited for with interrupts off deadlocks', () => {
  const policy = definePolicy({
    name: 'two-inside',
    summary: 'Two CPUs may be in a section that is meant for one; interrupts are off there',
    shared: { inside: variable({ max: 2 }) },
    *flush() {},
    operations: {
      enter: {
        summary: 'be in the section for a while',
        subject: 'page',
        *run(cpu) {
          yield* cpu.cli()
          yield* cpu.fetchAdd(cpu.shared.inside.of(), 1)
          yield* cpu.fetchAdd(cpu.shared.inside.of(), -1)
          yield* cpu.sti()
        },
      },
    },
    workload: ['enter'],
    invariants: [
      {
        name: 'one-inside',
        sentence: 'at most one CPU is in the section',
        holds: (shared, read) => read(shared.inside.of()) <= 1,
      },
    ],
  })
  const bounds = boundsFor(policy, { speculation: 0, groups: [[0]] })
  const workload = [[{ op: 'enter', page: 0 }], [{ op: 'enter', page: 0 }]]
  const { schedule, violation } = shortest(new Worlds(policy, bounds).at(workload), {
    invariant: 'one-inside',
  }).found!
  const own: Race = { policy, bounds, workload, schedule, violation }
  const { rejected } = quickRepair(own, { vocabulary: [wordNamed('sync-by-ipi')], insertions: 1 })
  // Once inside, each waits for the other to turn interrupts on: that would keep them apart, if it came to an end.
  const before = rejected.find(({ insertions: [{ place }] }) => place.at === 'step' && place.nth === 1)
  expect(before).toMatchObject({ verdict: 'deadlocks' })
})

it('a free that is left out only hides the race', () => {
  const neverFree: RepairWord = {
    name: 'never-free',
    kind: 'rcu',
    sentence: 'keep the table',
    replaces: FREE_TABLE,
    *code() {},
  }
  expect(verdictsOf(race, [neverFree])).toEqual(new Set(['hides']))
})

it('a free that is left out elsewhere than in the race hides the race as well', () => {
  const freeSome: RepairWord = {
    name: 'free-some',
    kind: 'rcu',
    sentence: 'free the table by RCU if it maps one page, and keep it otherwise',
    replaces: FREE_TABLE,
    *code(cpu, { step }) {
      if (cpu.config.pages.length === 1) yield* cpu.rcuFree(step!.a)
    },
  }
  const { cures, rejected } = quickRepair(race, { vocabulary: [freeSome], insertions: 1 })
  expect(cures).toEqual([])
  expect(rejected).toMatchObject([{ verdict: 'hides', why: expect.stringContaining('frames in use') }])
})

it('a wait that polls for what nobody will do livelocks', () => {
  const spin: RepairWord = {
    name: 'spin',
    kind: 'ack',
    sentence: 'poll for ever',
    *code(cpu) {
      // Somebody else holds the lock of the mm that this CPU itself holds: nobody ever lets go of it.
      for (;;) {
        yield* cpu.checkpoint('spin')
        if ((yield* cpu.load(cpu.kernel.lock[0])) === 0) return
      }
    },
  }
  expect(verdictsOf(race, [spin])).toContain('livelocks')
})

it('a repair that keeps out of the dangerous situation of the race hides it', () => {
  // The race is that an IPI waits for a CPU with interrupts off; where none is sent, none waits.
  const noIpi: RepairWord = {
    name: 'no-ipi',
    kind: 'rcu',
    sentence: 'wait for a grace period and send nothing',
    replaces: SEND_IPI,
    code: (cpu) => cpu.synchronizeRcu(),
  }
  const found = raceOf('free-before-ack', 'software-walk')
  const of = { ...found, bounds: { ...found.bounds, speculation: 0 } }
  const { rejected } = quickRepair(of, { vocabulary: [noIpi], insertions: 1 })
  expect(rejected).toMatchObject([{ verdict: 'hides', why: expect.stringContaining('interrupts off') }])
})

it('a word that uses the kernel wrongly fails, and the search goes on', () => {
  const unlock: RepairWord = {
    name: 'unlock',
    kind: 'rcu',
    sentence: 'leave a section that was never entered',
    code: (cpu) => cpu.rcuReadUnlock(),
  }
  const { cures, rejected } = quickRepair(race, {
    vocabulary: [unlock, wordNamed('free-by-rcu')],
    insertions: 1,
  })
  expect(cures).toHaveLength(1)
  expect(new Set(rejected.map(({ verdict }) => verdict))).toEqual(new Set(['fails']))
})
