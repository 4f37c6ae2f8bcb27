/** What people read of an explanation, word for word, and what it says where it cannot be established. */
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  explain,
  explainAndGeneralize,
  flushNobody,
  generalize,
  isEstablished,
  makeBounds,
  notesOf,
  tellRace,
  type Explanation,
  type Race,
} from '../../src/index.ts'
import { diagramOf } from '../../src/report/race.ts'
import { quiet } from '../explore/quiet.ts'
import { raceIn, rawRaces } from '../shrink/races.ts'
import { some } from '../thorough.ts'
import { keptRaces, raceNamed, raceOf } from './races.ts'

const golden = (name: string): string => fileURLToPath(new URL(`golden/${name}.txt`, import.meta.url))

const told = (race: Race, parts: Partial<Explanation>): string =>
  `${tellRace(race, undefined, 'not asked for', notesOf(race, parts))}\n`

describe('an explanation is told as it is in its golden file:', () => {
  it.each([
    ['an interrupt that needs its IPI', 'flush-before-unhook-software-walk'],
    ['a race of one CPU', 'vpid02-reuse'],
    ['a place in time that cannot be another', 'nmi-uaccess-mid-switch'],
    ['a deadlock', 'shootdown-vs-irqoff-spin'],
    ['four lanes, and 29 steps', 'lazy-cpumask-missing-mb'],
  ])('%s', async (_, name) => {
    const race = raceNamed(name)
    await expect(told(race, explainAndGeneralize(race))).toMatchFileSnapshot(golden(name))
  })

  it('orders that fail without being all that keep to the pairs', async () => {
    const workload = [
      [
        { op: 'reclaim', page: 0 },
        { op: 'read', page: 2 },
      ],
      [{ op: 'collapse', page: 2 }],
    ]
    const race = raceIn(flushNobody, makeBounds(), workload, 'page-size-coherence')
    await expect(told(race, explainAndGeneralize(race))).toMatchFileSnapshot(
      golden('orders-beyond-their-pairs'),
    )
  })

  it('failing orders alone', async () => {
    const race = raceNamed('flush-before-unhook-software-walk')
    await expect(told(race, { generalized: generalize(race) })).toMatchFileSnapshot(
      golden('generalized-alone'),
    )
  })

  it('marks and pairs alone', async () => {
    const race = raceNamed('xen-pv')
    await expect(told(race, { explained: explain(race) })).toMatchFileSnapshot(golden('explained-alone'))
  })
})

describe('what would cost too much', () => {
  const race = raceNamed('lazy-cpumask-missing-mb')

  it('is not established, and told so, with the limit', async () => {
    const nothing = explainAndGeneralize(race, { maxTransitions: 100 })
    const reason = { notEstablished: 'it takes more than 100 transitions' }
    expect(nothing).toEqual({ explained: { marks: reason, edges: reason }, generalized: reason })
    await expect(told(race, nothing)).toMatchFileSnapshot(golden('nothing-established'))
  })

  it('is only the orders, where each flip by itself is affordable', async () => {
    const some = explainAndGeneralize(race, { maxTransitions: 2000 })
    const all = explainAndGeneralize(race)
    expect(isEstablished(some.generalized)).toBe(false)
    const { marks } = some.explained
    const { marks: known } = all.explained
    if (!isEstablished(marks) || !isEstablished(known)) throw new Error('marks are not established')
    expect(marks).toEqual(known.map((mark) => ({ ...mark, order: 'not established' })))
    await expect(told(race, some)).toMatchFileSnapshot(golden('orders-not-established'))
  })

  it('is a matter of transitions and not of time: there is a limit that is enough, and one less is not', () => {
    const small = raceNamed('hyperv-list')
    const isEnough = (maxTransitions: number): boolean => isEstablished(generalize(small, { maxTransitions }))
    let [little, enough] = [0, 1000]
    while (enough - little > 1) {
      const between = (little + enough) >> 1
      if (isEnough(between)) enough = between
      else little = between
    }
    expect(little).toBeGreaterThan(small.schedule.length)
    expect([little, enough, little, enough].map(isEnough)).toEqual([false, true, false, true])
  })
})

describe('the diagram of an explained race', () => {
  it('is the diagram without it, and the marks beside it', () => {
    for (const { kept } of some(keptRaces, 12)) {
      const race = raceOf(kept)
      const notes = notesOf(race, { explained: explain(race) })
      const plain = diagramOf(race).split('\n')
      const lines = diagramOf(race, notes).split('\n')
      expect(notes.margin!.rows).toEqual(kept.explained!.marks)
      expect(lines.slice(0, plain.length).map((line) => line.slice(3))).toEqual(plain)
    }
  })

  it('is never wider than 200 columns, with anything that is said below it', () => {
    const races = [
      ...some(keptRaces, 12).map(({ kept }) => raceOf(kept)),
      ...rawRaces(flushNobody, { bounds: quiet({ speculation: 2 }), count: 4 }),
    ]
    for (const race of races) {
      const lines = diagramOf(race, notesOf(race, explainAndGeneralize(race))).split('\n')
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(200)
    }
  })
})

describe('by a proof that there is no smaller one', () => {
  it('every decision of the host and every interrupt that is taken is essential', () => {
    for (const { kept } of keptRaces) {
      const race = raceOf(kept)
      for (const [i, { do: who }] of kept.schedule.entries())
        if (/^(preempt|schedule|interrupt|nmi|speculate|walker|drain|rcu|dma)/.test(who))
          expect(kept.explained!.marks[i][0], `${race.policy.name}: ${who}`).toBe('E')
    }
  })
})
