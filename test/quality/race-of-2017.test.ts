/** The race that this package was made for: found, and as small as it gets. */
import { describe, expect, it } from 'vitest'
import { hunt } from '../../src/hunt/hunt.ts'
import { searchRaces } from '../../src/hunt/search.ts'
import { hypervList, hypervRcu } from '../../src/policies/index.ts'
import { makeCase } from '../../src/corpus/case.ts'
import { replayCase } from '../../src/corpus/replay.ts'
import { makeBounds } from '../../src/scenario/bounds.ts'
import { sizeOf } from '../../src/scenario/race.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { verify } from '../../src/verify/verify.ts'
import { some } from '../thorough.ts'

/** Numbers of runs that a seed is given one after the other; the search of a larger number contains the smaller one. */
const RUNS = [1200, 5400, 20_000]

function isFound(seed: number): boolean {
  return RUNS.some((runs) => {
    const options = { bounds: makeBounds(), operations: 4, runs, seed, strategy: 'portfolio' }
    const { races } = searchRaces({ policy: hypervList, ...options })
    return races.some(({ violation }) => violation.invariant === 'software-walk')
  })
}

describe('the race of 2017', () => {
  const { found } = hunt(hypervList, { runs: 4000, seed: 1 })
  const { race, certificate } = found.find((each) => each.race.violation.invariant === 'software-walk')!

  it('is of 2 operations, 2 vCPUs, 2 context switches and 9 steps', () => {
    const size = sizeOf(new Worlds(race.policy, race.bounds).at(race.workload), race)
    expect(size).toEqual({ operations: 2, vcpus: 2, switches: 2, steps: 9 })
  })

  it('is munmap beside gup_fast, and certified for all workloads', () => {
    expect(race.workload).toEqual([[{ op: 'munmap', page: 0 }], [{ op: 'gup_fast', page: 0 }]])
    expect(certificate).toMatchObject({ scope: 'all-workloads', workloads: 773 })
    expect(makeCase(race, certificate).minimality).toBe('minimal')
  })

  it('is the only invariant that the policy breaks', () => {
    expect(found.map((each) => each.race.violation.invariant)).toEqual(['software-walk'])
  })

  it('is reproduced by its case, and fixed by the cure of 2017', () => {
    const kept = makeCase(race, certificate)
    expect(replayCase(kept, hypervList).outcome).toBe('reproduced')
    expect(replayCase(kept, hypervRcu).outcome).toBe('fixed')
  })

  it('is found by verification as well, in the same workload', () => {
    const { verdict, race: met } = verify({ policy: hypervList, bounds: makeBounds(), operations: 2 })
    expect(verdict).toBe('race')
    expect(met!.workload).toEqual(race.workload)
    expect(met!.schedule).toEqual(race.schedule)
  })

  it.each(
    some(
      Array.from({ length: 20 }, (_, i) => i + 1),
      4,
    ),
  )('is found within 20,000 random runs from seed %i', (seed) => {
    expect(isFound(seed)).toBe(true)
  })
})
