/** What a search without a race is worth: the bounds hold where the truth is known. */
import { describe, expect, it } from 'vitest'
import { hitProbability } from '../../src/explore/hit-probability.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { missedOf, missProbability, rateBound, shareMissedAt } from '../../src/hunt/confidence.ts'
import { searchRaces } from '../../src/hunt/search.ts'
import { tellConfidence } from '../../src/hunt/tell.ts'
import { freeBeforeAck, hypervList, intelRar, nativeIpi } from '../../src/policies/index.ts'
import { boundsFor } from '../../src/scenario/bounds.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { Tiny, type TinyStep } from '../explore/tiny.ts'
import { quiet } from '../explore/quiet.ts'

describe('the promise of PCT', () => {
  it('is that of the paper: 1 / (n k^(d-1)) a run', () => {
    expect(missProbability({ depth: 1, actors: 4, length: 50 }, 1)).toBeCloseTo(3 / 4, 12)
    expect(missProbability({ depth: 2, actors: 4, length: 50 }, 1)).toBeCloseTo(199 / 200, 12)
    expect(missProbability({ depth: 3, actors: 2, length: 10 }, 7)).toBeCloseTo((199 / 200) ** 7, 12)
  })

  it.each<[string, AnyPolicy, string, number]>([
    ['hyperv-list', hypervList, 'gup_fast', 2],
    ['hyperv-list', hypervList, 'gup_fast', 3],
    ['free-before-ack', freeBeforeAck, 'read', 2],
    ['free-before-ack', freeBeforeAck, 'read', 3],
    ['intel-rar', intelRar, 'gup_fast', 2],
    ['intel-rar', intelRar, 'gup_fast', 3],
  ])('is kept, exactly: %s %o, %s, depth %i', (_name, policy, op, depth) => {
    const bounds = boundsFor(policy, { speculation: 0 })
    const world = new Worlds(policy, bounds).at([[{ op: 'munmap', page: 0 }], [{ op, page: 0 }]])
    for (const length of [25, 40]) {
      const { probability } = hitProbability(world, { depth, length })
      const missed = missProbability({ depth, actors: world.actors, length }, 1)
      expect(1 - probability).toBeLessThanOrEqual(missed)
    }
  })

  it('says nothing of races behind the steps that changes are drawn from', () => {
    const idle = (count: number): TinyStep[] =>
      Array.from({ length: count }, () => ({ run: () => undefined }))
    const late = new Tiny({
      variables: 1,
      threads: [
        [...idle(20), { run: (v) => void (v[0] = 1) }, { run: (v) => void (v[0] = 0) }],
        [{ run: (v) => (v[0] === 1 ? 'boom' : undefined) }],
      ],
    })
    expect(hitProbability(late, { depth: 2, length: 15 }).probability).toBe(0)
    expect(hitProbability(late, { depth: 2, length: 30 }).probability).toBeGreaterThanOrEqual(1 / (2 * 30))
  })
})

describe('of a search over workloads', () => {
  const search = { depth: 3, actors: 6, length: 30, workloads: 2500, runsPerWorkload: 20 }

  it('a race of all workloads is missed as by all runs on one of them', () => {
    expect(missedOf(search, 1)).toBeCloseTo(missProbability(search, 50_000), 12)
  })

  it('a race that no workload can show is missed', () => {
    expect(missedOf(search, 0)).toBe(1)
  })

  it('the share that is missed with some probability is the inverse of it', () => {
    const share = shareMissedAt(search, 0.05)!
    expect(share).toBeGreaterThan(0)
    expect(missedOf(search, share)).toBeCloseTo(0.05, 9)
    expect(shareMissedAt({ ...search, workloads: 10 }, 0.05)).toBeUndefined()
  })

  it('a rate of nothing in n is below 3/n', () => {
    expect(rateBound(1)).toBeCloseTo(0.95, 12)
    expect(rateBound(1000)).toBeCloseTo(3 / 1000, 4)
    // At that rate, seeing nothing has a probability of one in twenty.
    expect((1 - rateBound(77)) ** 77).toBeCloseTo(0.05, 12)
  })
})

describe('a clean search', () => {
  const bounds = quiet({ groups: [[0]], preemptions: 0 })
  const search = (strategy: string, runs = 2000) =>
    searchRaces({ policy: nativeIpi, bounds, operations: 3, runs, seed: 4, strategy }).confidence

  it('by PCT counts all of its runs, by the portfolio one in four', () => {
    expect(search('pct')).toMatchObject({
      workloads: 50,
      runsPerWorkload: 40,
      pct: [{ depth: 3, workloads: 50, runsPerWorkload: 40 }],
    })
    expect(search('portfolio').pct).toMatchObject([{ depth: 3, workloads: 50, runsPerWorkload: 10 }])
  })

  it('by random walks promises nothing of PCT', () => {
    expect(search('random')).toEqual({ workloads: 50, runsPerWorkload: 40, pct: [] })
  })

  it('counts only workloads that had all their runs', () => {
    expect(search('pct', 130).workloads).toBe(3)
    expect(tellConfidence(search('pct', 39))).toEqual([])
  })

  it('is told in sentences that say what they are about', () => {
    const pct = { depth: 3, actors: 6, length: 30, workloads: 2500, runsPerWorkload: 20 }
    expect(tellConfidence({ workloads: 2500, runsPerWorkload: 40, pct: [pct] })).toMatchInlineSnapshot(`
      [
        "a race of depth 3 or less that every workload drawn can show in the first 30 steps of a run was missed with probability below 9.6e-5, and one that 32 % of them can show with probability below 0.05 (PCT, 6 actors, 50,000 runs)",
        "with 95 % confidence, fewer than 0.12 % of workloads drawn like these show a race in 40 such runs",
      ]
    `)
    expect(tellConfidence({ workloads: 3, runsPerWorkload: 40, pct: [{ ...pct, workloads: 3 }] }))
      .toMatchInlineSnapshot(`
        [
          "a race of depth 3 or less that every workload drawn can show in the first 30 steps of a run was missed with probability below 0.99 (PCT, 6 actors, 60 runs)",
          "with 95 % confidence, fewer than 63 % of workloads drawn like these show a race in 40 such runs",
        ]
      `)
  })
})
