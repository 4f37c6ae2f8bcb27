/** What a search for repairs comes to: sizes, kinds, order, and what it says where it knows nothing. */
import { describe, expect, it } from 'vitest'
import { insert, tellRepair, verify, vocabulary } from '../../src/index.ts'
import { quickRepair, raceOf, wordsOf } from './cases.ts'

const TIME = { timeout: 120_000 }

describe('the race of 2017', () => {
  const race = raceOf('hyperv-list')
  const found = quickRepair(race)

  it('is cured by freeing tables by RCU, and by an IPI before a table is freed', TIME, () => {
    expect(wordsOf(found)).toEqual([['free-by-rcu'], ['sync-by-ipi']])
    expect(found.cures.map(({ insertions }) => insertions[0].place.part)).toEqual(['freeTable', 'freeTable'])
    expect(found.notEstablished).toBeUndefined()
  })

  it('has the cheapest cure first: RCU takes no step more, the IPI takes IPIs', () => {
    const [rcu, ipi] = found.cures
    expect(rcu.cost).toEqual({ gracePeriods: 0, ipis: 0, steps: 0 })
    expect(ipi.cost.ipis).toBeGreaterThan(0)
  })

  it('is cured for good: the repaired policy passes what the broken one fails', TIME, () => {
    const { bounds } = race
    const small = { ...bounds, speculation: 0, groups: [[0]] }
    for (const { policy } of found.cures)
      expect(verify({ policy, bounds: small, operations: 2 }).verdict).toBe('safe')
    expect(verify({ policy: insert(race.policy, []), bounds: small, operations: 2 }).verdict).toBe('race')
  })

  it('is cured by nothing that neither waits for the walker nor defers the free', () => {
    const cheap = vocabulary.filter(({ kind }) => kind === 'barrier' || kind === 'flush' || kind === 'ack')
    const none = quickRepair(race, { vocabulary: cheap, insertions: 1 })
    expect(none.cures).toEqual([])
    expect(none.rejected.every(({ verdict }) => verdict === 'races')).toBe(true)
    expect(tellRepair(none)[0]).toContain('hyperv-list: no cure was found in the vocabulary')
  })

  it('gives more cures of a kind where they are asked for', TIME, () => {
    const more = quickRepair(race, { perKind: 2 })
    expect(more.cures.filter(({ kinds }) => kinds.join() === 'ipi')).toHaveLength(2)
    expect(more.spared).toBeLessThan(found.spared)
  })

  it('is not established to have no smaller cure where time ended or the space is too large', () => {
    const ended = quickRepair(race, { stop: () => true })
    expect(ended.cures).toEqual([])
    expect(ended.notEstablished).toContain('too large')
    let asked = 0
    const later = quickRepair(race, { stop: () => asked++ > 40 })
    expect(later.notEstablished).toContain('time ended')
    const small = quickRepair(race, { maxStates: 10 })
    expect(small.cures).toEqual([])
    expect(small.notEstablished).toContain('too large')
    expect(tellRepair(small).at(-1)).toContain('not established')
  })
})

it('the flush that comes too early is cured by two insertions, and by no single one', TIME, () => {
  const words = vocabulary.filter(({ needsRequest }) => needsRequest === true)
  const found = quickRepair(raceOf('flush-before-unhook', 'software-walk'), { vocabulary: words })
  expect(wordsOf(found)).toEqual([['flush-local', 'flush-by-ipi']])
  const [{ insertions }] = found.cures
  expect(insertions.map(({ place }) => place.part)).toEqual(['flush', 'flush'])
  expect(found.rejected.some(({ insertions: tried }) => tried.length === 1)).toBe(true)
})
