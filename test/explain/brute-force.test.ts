/**
 * Explanations against brute force: on the smallest race of each broken policy and each bug, every flip is tried and
 * every order is walked by code that shares none of theirs.
 */
import { describe, expect, it } from 'vitest'
import {
  explainAndGeneralize,
  isEstablished,
  keptOf,
  Random,
  type Generalized,
  type Mark,
} from '../../src/index.ts'
import { some } from '../thorough.ts'
import { Naive, type NaiveOrders } from './naive.ts'
import { keptRaces, raceOf } from './races.ts'

/** Failing orders are listed one by one where they are not more. */
const LISTED = 1_000n

const countOf = ({ explained }: (typeof keptRaces)[number]['kept']): bigint =>
  BigInt(explained!.orders.failing)
const enumerable = keptRaces.filter(({ kept }) => countOf(kept) <= LISTED)

it('all races but one are small enough to be enumerated', () => {
  const large = keptRaces.filter((each) => !enumerable.includes(each))
  expect(large.map(({ kept }) => kept.policy)).toEqual(['lazy-cpumask-missing-mb'])
})

describe.each(some(enumerable, 24).map(({ kept }) => [kept.id, kept] as const))('%s', (_, kept) => {
  const race = raceOf(kept)
  const naive = new Naive(race)
  const { explained, generalized } = explainAndGeneralize(race)
  let orders: NaiveOrders | undefined
  const enumerated = (): NaiveOrders => (orders ??= naive.orders())
  const general = generalized as Generalized

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

  it.skipIf(general.extensions > LISTED)('fails in its linear extensions, exactly where it says so', () => {
    const extensions = naive.extensions(general.pairs).map(String)
    const failing = enumerated().failing.map(String)
    expect(BigInt(extensions.length)).toBe(general.extensions)
    expect(extensions).toEqual(expect.arrayContaining(failing))
    expect(extensions.length === failing.length).toBe(general.extensions === general.failing)
  })

  it('has the explanation that its case keeps', () => {
    expect(isEstablished(general)).toBe(true)
    expect(keptOf({ explained, generalized })).toEqual(kept.explained)
  })
})

describe('the race that has too many failing orders to list them', () => {
  const [{ kept }] = keptRaces.filter((each) => !enumerable.includes(each))
  const { generalized } = explainAndGeneralize(raceOf(kept))
  const { pairs, failing, extensions } = generalized as Generalized

  it('fails in exactly those orders that keep to its pairs, as far as can be seen from random ones', () => {
    expect(extensions).toBe(failing)
    const naive = new Naive(raceOf(kept))
    const random = new Random(1)
    const order = [...naive.steps]
    const seen = { fails: 0, holds: 0 }
    for (let i = 0; i < 1500; i++) {
      const at = 1 + random.below(order.length - 1)
      const [a, b] = [order[at - 1], order[at]]
      if (a.actor === b.actor) continue
      order.splice(at - 1, 2, b, a)
      const keeps = pairs.every(
        ({ before, after }) =>
          order.findIndex(({ number }) => number === before) <
          order.findIndex(({ number }) => number === after),
      )
      expect(naive.breaksStrictly(order), order.map(({ number }) => number).join()).toBe(keeps)
      seen[keeps ? 'fails' : 'holds']++
      // One step beyond the failing orders, and back.
      if (!keeps) order.splice(at - 1, 2, a, b)
    }
    expect(Math.min(seen.fails, seen.holds)).toBeGreaterThan(100)
  })
})

/** What a set of marks can be; each is met in some race, or the comparison would show nothing. */
it('marks of every kind are met', () => {
  const met = keptRaces.map(({ kept }) => explainAndGeneralize(raceOf(kept)).explained.marks).flat() as Mark[]
  const seen = (key: keyof Mark): unknown[] => [...new Set(met.map((mark) => mark[key]))].toSorted()
  expect(seen('essential')).toEqual([false, true])
  expect(seen('order')).toEqual(['fixed', 'irrelevant', 'matters'])
  expect(seen('value')).toEqual(['irrelevant', 'matters', 'none'])
})
