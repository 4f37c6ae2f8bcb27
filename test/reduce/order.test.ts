/**
 * Reductions of protocols against the search of the whole space: the same invariants are violated and the same
 * deadlocks happen in random protocols, in the seed race, and where a reduction is easily wrong; and reductions that
 * are wrong are found out.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seedRace, type SeedPolicy } from '../../bench/protocols/seed-race.ts'
import { checkpoint } from '../../src/engine/step.ts'
import type { System } from '../../src/engine/system.ts'
import { explore } from '../../src/explore/exhaustive.ts'
import { DEADLOCK, Protocol, Space } from '../../src/protocol/index.ts'
import { reduced, type Reductions } from '../../src/reduce/index.ts'
import { thorough } from '../thorough.ts'
import { protocolOf, shapes, type RandomShape } from './random-protocol.ts'

const all: readonly Reductions[] = [true, false].flatMap((schedules) =>
  [true, false].flatMap((order) => [true, false].map((cpus) => ({ schedules, order, cpus }))),
)
const ORDER: Reductions = { schedules: true, order: true, cpus: false }

const violated = (system: System): string[] => [...explore(system, { countOnly: true }).violated].toSorted()
const verdict = (system: System): boolean => explore(system).violation === undefined

/** True if a search of the system that `make` builds sees what the whole search sees. */
const agrees = (shape: RandomShape, make: (space: Space) => System): boolean => {
  const whole = violated(new Space(protocolOf(shape)))
  const less = violated(make(new Space(protocolOf(shape))))
  return less.join() === whole.join() && verdict(make(new Space(protocolOf(shape)))) === (whole.length === 0)
}

const random = { numRuns: thorough ? 1000 : 20, seed: 1996 }

/** The parts of a reduced space that mutants change. */
interface Parts {
  readonly order: { disturbers(thread: number): number }
  readonly steps: { grew: () => void }
}

const broken = (change: (parts: Parts) => void) => (space: Space) => {
  const system = reduced(space, ORDER)
  change(system as unknown as Parts)
  return system
}

describe('a reduced search of a random protocol', () => {
  it.each(all)(
    'sees what the whole search sees: $schedules, $order, $cpus',
    (reductions) => {
      fc.assert(
        fc.property(shapes, (shape) => agrees(shape, (space) => reduced(space, reductions))),
        random,
      )
    },
    600_000,
  )

  const isCaught = (make: (space: Space) => System): boolean =>
    fc.check(
      fc.property(shapes, (shape) => agrees(shape, make)),
      { numRuns: 400, seed: 1996, endOnFailure: true },
    ).failed

  it('tells a reduction for which no step disturbs another', () => {
    expect(isCaught(broken(({ order }) => (order.disturbers = () => 0)))).toBe(true)
  }, 60_000)

  it('tells one that forgets the last of the threads that disturb', () => {
    const forgetful = broken(({ order }) => {
      const { disturbers } = order
      order.disturbers = (thread) => {
        const set = disturbers.call(order, thread)
        return set & (set - 1)
      }
    })
    expect(isCaught(forgetful)).toBe(true)
  }, 60_000)
})

describe('partial-order reduction', () => {
  /** A timer that ticks for ever, and a thread that it has nothing to do with, and that does something wrong. */
  const ticking = (): Protocol => {
    const p = new Protocol('ticking')
    const time = p.word('time')
    const word = p.word('word')
    const tick = p.step('tick', (S) => void (S[time] = 1 - S[time]))
    const spoil = p.step('spoil', (S) => {
      S[word] = 1
      p.violate('no-spoiling', 'It is spoilt.')
    })
    p.daemon('timer', () => tick(), 0)
    p.thread('other', () => spoil())
    return p
  }

  it('postpones nothing for ever', () => {
    expect(violated(reduced(new Space(ticking()), ORDER))).toEqual(['no-spoiling'])
  })

  it('would, if a loop were enough to go round', () => {
    const system = reduced(new Space(ticking()), ORDER)
    const whole = system.enabled.bind(system)
    system.enabled = (out) => {
      const count = whole(out)
      return system.sufficient ?? count
    }
    expect(violated(system)).toEqual([])
  })

  it('takes one order of steps that have nothing to do with each other', () => {
    const p = new Protocol('apart')
    const words = p.word('words', 0, 4)
    const add = p.step('add', (S, i) => void S[words + i]++)
    for (let i = 0; i < 4; i++) {
      p.thread(`thread ${i}`, function* () {
        for (let n = 0; n < 4; n++) yield* add(i)
      })
    }
    expect(explore(new Space(p)).states).toBe(5 ** 4)
    expect(explore(reduced(new Space(p), ORDER)).states).toBe(4 * 4 + 1)
  })

  it('keeps the orders of steps that a predicate can tell apart', () => {
    const p = new Protocol('seen')
    const words = p.word('words', 0, 2)
    const set = p.step('set', (S, i) => void (S[words + i] = 1))
    const p2 = p.step('clear', (S, i) => void (S[words + i] = 0))
    for (let i = 0; i < 2; i++) {
      p.thread(`thread ${i}`, function* () {
        yield* set(i)
        yield* p2(i)
      })
    }
    p.never('never-both', (S) => S[words] === 1 && S[words + 1] === 1)
    expect(violated(reduced(new Space(p), ORDER))).toEqual(['never-both'])
  })

  it('begins anew when a step touches what it was never seen to touch', () => {
    // The step touches the shared word after so many picks that no random walk comes there.
    const rare = (): Protocol => {
      const p = new Protocol('rare')
      const count = p.word('count')
      const shared = p.word('shared')
      const own = p.word('own')
      const step = p.step('step', (S) => void (S[count] === 12 ? (S[shared] = 1) : S[own]++))
      const right = p.step('right', (S, ok) => void (S[count] += ok))
      const look = p.step('look', (S) => {
        if (S[shared] === 1) p.violate('never-shared', 'It was written.')
      })
      p.thread('picker', function* () {
        for (let n = 0; n < 12; n++) {
          yield* checkpoint('n', n)
          yield* right((yield* p.pick(8)) === 5 ? 1 : 0)
        }
        yield* step()
      })
      p.thread('looker', () => look())
      return p
    }
    expect(violated(reduced(new Space(rare()), ORDER))).toEqual(['never-shared'])
    const unteachable = broken((parts) => (parts.steps.grew = () => {}))
    expect(violated(unteachable(new Space(rare())))).toEqual([])
  })

  it('finds the deadlock of locks taken crosswise', () => {
    const p = new Protocol('two locks')
    const locks = p.word('lock', 0, 2)
    const lock = p.step('lock', (S, i) => void (S[locks + i] = 1), { when: (S, i) => S[locks + i] === 0 })
    const unlock = p.step('unlock', (S, i) => void (S[locks + i] = 0))
    for (const first of [0, 1]) {
      p.thread(`thread ${first}`, function* () {
        yield* lock(first)
        yield* lock(1 - first)
        yield* unlock(1 - first)
        yield* unlock(first)
      })
    }
    expect(violated(reduced(new Space(p), ORDER))).toEqual([DEADLOCK])
  })
})

describe('the seed race, reduced', () => {
  const policies: readonly SeedPolicy[] = ['ipi', 'hypercall', 'quiescence']
  const cases = policies.flatMap((policy) => all.map((reductions) => ({ policy, reductions })))

  it.each(cases)('has the verdict of the whole: $policy, $reductions', ({ policy, reductions }) => {
    const size = { cpus: 3, rounds: 1, preemptions: 2 }
    const expected = policy === 'hypercall' ? ['no-use-after-free'] : []
    expect(violated(reduced(new Space(seedRace(policy, size)), reductions))).toEqual(expected)
  })

  it('has a seventeenth of the states without two preemptions of four CPUs', () => {
    const space = (): Space => new Space(seedRace('ipi', { cpus: 4, rounds: 1, preemptions: 2 }))
    const { states } = explore(reduced(space(), { schedules: true, order: false, cpus: false }), {
      fitted: true,
    })
    expect(states * 17).toBe(308_040)
    expect(explore(reduced(space()), { fitted: true }).states).toBeLessThan(states / 2)
  })
})
