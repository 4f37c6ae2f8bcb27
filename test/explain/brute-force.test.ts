/**
 * Explanations against brute force: on the smallest race of each broken policy and each bug, and on races as they are
 * met, every flip is tried and every order is walked by code that shares none of theirs.
 */
import { describe, expect, it } from 'vitest'
import {
  definePolicy,
  explainAndGeneralize,
  flushNobody,
  freeBeforeAck,
  hypervList,
  keptOf,
  lockWord,
  variable,
  spinLock,
  spinUnlock,
  xenPv,
  type Generalized,
  type Mark,
  type Race,
} from '../../src/index.ts'
import { STEP, transition } from '../../src/scenario/transition.ts'
import { quiet } from '../explore/quiet.ts'
import { raceIn, rawRaces, replay } from '../shrink/races.ts'
import { Naive, type NaiveOrders } from './naive.ts'
import { keptRaces, raceOf } from './races.ts'

/** Orders are listed one by one where they are not more. */
const LISTED = 1000n

/** Registers what is compared of a race; `ordersOf` says how its orders are walked. */
function compare(race: Race, ordersOf = (naive: Naive): NaiveOrders => naive.orders()): void {
  const naive = new Naive(race)
  const { explained, generalized } = explainAndGeneralize(race)
  const general = generalized as Generalized
  let orders: NaiveOrders | undefined
  const enumerated = (): NaiveOrders => (orders ??= ordersOf(naive))

  it('has the marks that trying every flip gives', () => {
    const marks = naive.steps.map((step) => ({
      essential: naive.isEssential(step),
      order: naive.order(step, enumerated()),
      value: naive.value(step),
    }))
    expect(explained.marks).toEqual(marks)
  })

  it('has as many orders, and as many that fail, as are found one by one', () => {
    const { all, failing } = enumerated()
    expect(general.orders).toBe(all)
    expect(general.failing).toBe(BigInt(failing.length))
    expect(new Set(failing.map(String)).size).toBe(failing.length)
  })

  it('has the pairs that all failing orders have in common', () => {
    const pairs = naive.pairs(enumerated())
    expect(general.pairs).toEqual(pairs)
    expect(explained.edges).toEqual(pairs.filter(({ why }) => why === 'race'))
  })

  it('has as many linear extensions as are counted', () => {
    expect(general.extensions).toBe(naive.countExtensions(general.pairs))
  })

  it.skipIf(general.extensions > LISTED)('has linear extensions, which fail exactly where it says so', () => {
    const extensions = naive.extensions(general.pairs).map(String)
    const failing = enumerated().failing.map(String)
    expect(BigInt(extensions.length)).toBe(general.extensions)
    expect(extensions).toEqual(expect.arrayContaining(failing))
    expect(extensions.length === failing.length).toBe(general.extensions === general.failing)
  })
}

const enumerable = keptRaces.filter(({ kept }) => BigInt(kept.explained!.orders.failing) <= LISTED)

it('all kept races but one have so few orders that they can be walked one by one', () => {
  const large = keptRaces.filter((each) => !enumerable.includes(each))
  expect(large.map(({ kept }) => kept.policy)).toEqual(['lazy-cpumask-missing-mb'])
})

describe.each(enumerable.map(({ kept }) => [kept.id, kept] as const))('%s', (_, kept) => {
  const race = raceOf(kept)
  compare(race)

  it('has the same orders where what follows upon a state is walked once', () => {
    const naive = new Naive(race)
    expect(naive.ordersByState()).toEqual(naive.orders())
  })

  it('has the explanation that its case keeps', () => {
    expect(keptOf(explainAndGeneralize(race))).toEqual(kept.explained)
  })
})

/** Its orders begin in 1.9 billion ways, which come to 1,185 states with some steps left; 365,400 of them fail. */
describe('the race that has too many orders to walk them one by one', () => {
  const race = raceOf(keptRaces.find((each) => !enumerable.includes(each))!.kept)
  compare(race, (naive) => naive.ordersByState())
})

describe('races as random search meets them, which have more steps than they need', () => {
  const met = [flushNobody, freeBeforeAck, hypervList, xenPv]
    .flatMap((policy) => rawRaces(policy, { bounds: quiet(), count: 20, seeds: 24, operations: 2 }))
    .filter((race) => {
      const general = explainAndGeneralize(race).generalized as Generalized
      return general.failing <= 300n && general.orders < 10_000n
    })

  it('there are some whose failing orders are no partial order', () => {
    const inexact = met.filter((race) => {
      const { failing, extensions } = explainAndGeneralize(race).generalized as Generalized
      return failing < extensions
    })
    expect(inexact.length).toBeGreaterThan(5)
  })

  describe.each(
    met
      .slice(0, 12)
      .map((race, i) => [`${i + 1}, of ${race.policy.name}: ${race.violation.invariant}`, race] as const),
  )('race %s', (_, race) => compare(race))
})

describe('a race whose host answers something', () => {
  const asking = definePolicy({
    name: 'asks-the-host',
    summary: 'Flushes only if the host says that it will not',
    symmetric: true,
    hypercalls: {
      *willFlush() {
        return 1
      },
    },
    *flush(cpu, request) {
      yield* cpu.flushLocal(request)
      if ((yield* cpu.hypercall('willFlush', 0, [])) === 0) yield* cpu.callFunction(request.targets, request)
    },
  })
  const race = raceIn(
    asking,
    quiet(),
    [[{ op: 'munmap', page: 0 }], [{ op: 'gup_fast', page: 0 }]],
    'software-walk',
  )
  compare(race)

  it('breaks without the call, if its answer is kept', () => {
    const naive = new Naive(race)
    const call = naive.steps.findIndex(({ what }) => what.startsWith('hypercall willFlush'))
    const marks = explainAndGeneralize(race).explained.marks as readonly Mark[]
    expect(marks[call].essential).toBe(false)
  })
})

describe('a race of three CPUs that could have ended before two of them were done', () => {
  const policy = definePolicy({
    name: 'three-words',
    summary: 'No flush, but words that must not both be set',
    shared: { lock: lockWord(), x: variable(), y: variable({ max: 9 }), w: variable() },
    *flush(cpu, request) {
      yield* cpu.flushLocal(request)
    },
    operations: {
      begin: {
        summary: 'set x, then y',
        *run(cpu) {
          yield* cpu.store(cpu.shared.x.of(), 1)
          yield* cpu.store(cpu.shared.y.of(), 1)
        },
      },
      follow: {
        summary: 'wait for y under a lock, and be sure of it',
        *run(cpu) {
          yield* spinLock(cpu, cpu.shared.lock.of())
          yield* cpu.until(cpu.shared.y.of(), 1)
          const y = yield* cpu.load(cpu.shared.y.of())
          if (y === 0) throw new Error('y was set')
          yield* spinUnlock(cpu, cpu.shared.lock.of())
        },
      },
      meddle: {
        summary: 'set w',
        *run(cpu) {
          yield* cpu.store(cpu.shared.w.of(), 1)
        },
      },
    },
    invariants: [
      {
        name: 'not-both',
        sentence: 'x and w are not both set.',
        holds: ({ x, w }, read) => read(x.of()) === 0 || read(w.of()) === 0,
      },
    ],
  })
  const workload = [[{ op: 'begin' }], [{ op: 'follow' }], [{ op: 'meddle' }]]
  const bounds = quiet({ vcpus: 3 })
  // The lock is taken before there is anything to read under it, and so by itself.
  const schedule = Int32Array.from([0, 1, 0, 1, 1, 2], (cpu) => transition(STEP, cpu))
  const violation = { invariant: 'not-both', explanation: '' }
  const race = { policy, bounds, workload, schedule, violation }
  compare(race)

  it('is one: its steps break the invariant, and the last of them does', () => {
    expect(replay(race)).toMatchObject({ invariant: 'not-both' })
  })

  it('does not put y before the wait for it: behind the violation they may come in any order', () => {
    const general = explainAndGeneralize(race).generalized as Generalized
    expect(general.pairs).toEqual([
      { before: 1, after: 3, why: 'program' },
      { before: 1, after: 4, why: 'cause' },
      { before: 2, after: 4, why: 'program' },
      { before: 4, after: 5, why: 'program' },
    ])
  })

  it('does not break if what was read under the lock is changed: the code throws', () => {
    const marks = explainAndGeneralize(race).explained.marks as readonly Mark[]
    expect(marks[4]).toMatchObject({ essential: false, value: 'matters' })
  })
})

/** Each kind is met in some race, or the comparison would show nothing. */
it('marks of every kind are met', () => {
  const met = keptRaces.flatMap(
    ({ kept }) => explainAndGeneralize(raceOf(kept)).explained.marks as readonly Mark[],
  )
  const seen = (key: keyof Mark): unknown[] =>
    [...new Set(met.map((mark) => mark[key]))].toSorted((a, b) => String(a).localeCompare(String(b)))
  expect(seen('essential')).toEqual([false, true])
  expect(seen('order')).toEqual(['fixed', 'irrelevant', 'matters'])
  expect(seen('value')).toEqual(['irrelevant', 'matters', 'none'])
})
