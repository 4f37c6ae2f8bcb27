/**
 * From whatever racing run it starts, shrinking a race of a broken policy comes to one and the same smallest race of its
 * invariant, to the step. A full run takes fifty starts of each policy, a short one a few of a few.
 */
import { describe, expect, it } from 'vitest'
import { boundsFor, makeCase, shrink, sizeOf, Worlds, type Race } from '../../src/index.ts'
import { searchRaces } from '../../src/hunt/search.ts'
import { shrinkWorkload, type Shrunk } from '../../src/shrink/shrink.ts'
import { replay } from '../shrink/races.ts'
import { full, some, thorough } from '../thorough.ts'
import { broken, brokenNamed } from './broken.ts'
import { minimalRaces } from './minimal-races.ts'
import { starts } from './starts.ts'

const STARTS = full ? 50 : thorough ? 10 : 3
/** Random searches of each policy for invariants that nobody expects to be violated. */
const SEARCHES = thorough ? 20 : 1

/** Races of more operations than can be searched take seconds each. */
const rows = minimalRaces.filter(({ scope }) => thorough || scope === 'all-workloads')

const textOf = ({ workload, schedule }: Race): string => JSON.stringify([workload, [...schedule]])

describe('from anywhere,', () => {
  it.each(some(rows, 4))(
    '$policy breaks $invariant in one smallest race, of $switches switches and $steps steps',
    { timeout: 1_200_000 },
    (row) => {
      const { workload, switches, steps, scope } = row
      const policy = brokenNamed(row.policy)
      const raw = starts(policy, row, STARTS)
      for (const race of raw) expect(replay(race)).toEqual(race.violation)
      expect(new Set(raw.map(textOf)).size).toBeGreaterThan(STARTS / 2)

      // Shrinking depends on nothing but what is left when operations are taken out: the same is not proved twice.
      const proven = new Map<string, Shrunk>()
      for (const race of raw) {
        const left = shrinkWorkload(race)
        if (!proven.has(textOf(left))) proven.set(textOf(left), shrink(race))
      }
      const shrunk = [...proven.values()]
      for (const { race } of shrunk) expect(replay(race)).toEqual(race.violation)
      const cases = new Set(
        shrunk.map(({ race, certificate }) => JSON.stringify(makeCase(race, certificate))),
      )
      expect([...cases]).toHaveLength(1)

      const [{ race, certificate }] = shrunk
      expect(race.workload).toEqual(workload)
      expect(sizeOf(new Worlds(policy, race.bounds).at(race.workload), race)).toEqual({
        operations: workload.flat().length,
        vcpus: workload.length,
        switches,
        steps,
      })
      expect(certificate?.scope).toBe(scope)
    },
  )
})

describe('every broken policy', () => {
  it('has a smallest race in the table', () => {
    expect([...new Set(minimalRaces.map(({ policy }) => policy))].toSorted()).toEqual(
      broken.map(({ name }) => name).toSorted(),
    )
  })

  it.each(some(broken, 3).map((policy) => [policy.name, policy] as const))(
    '%s violates no other invariants, as far as random search can tell',
    (name, policy) => {
      const expected = minimalRaces.filter((row) => row.policy === name).map(({ invariant }) => invariant)
      for (let seed = 1; seed <= SEARCHES; seed++) {
        const { races } = searchRaces({
          policy,
          bounds: boundsFor(policy),
          operations: 4,
          runs: 2000,
          seed,
          strategy: 'portfolio',
        })
        for (const { violation } of races) expect(expected).toContain(violation.invariant)
      }
    },
  )
})
