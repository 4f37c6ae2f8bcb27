/** Whatever random race a hunt begins with, the race that comes out is the same, byte for byte. */
import { describe, expect, it } from 'vitest'
import { makeCase } from '../../src/corpus/case.ts'
import { policies } from '../../src/policies/index.ts'
import { shrink } from '../../src/shrink/shrink.ts'
import { quiet } from '../explore/quiet.ts'
import { raceIn, rawRaces, replay } from './races.ts'
import { some } from '../thorough.ts'

const INVARIANT = 'software-walk'
/** How many raw races are asked for: many of the race that it all began with, few of those that are seldom met. */
const COUNTS: Readonly<Record<string, number>> = { 'hyperv-list': 5, 'serialization-flag': 3 }
const broken = policies
  .filter(({ expected }) => expected === 'broken')
  .map((policy) => [policy.name, policy] as const)
const random = broken.filter(([name]) => name !== 'static-key-early')

describe(`the ${INVARIANT} race of a broken policy`, () => {
  it.each(some(random, 3))(
    '%s: is the same case from any raw race, with the same certificate',
    (name, policy) => {
      const count = COUNTS[name] ?? 2
      const groups = name === 'serialization-flag' ? [[2, 3]] : [[0]]
      const raw = rawRaces(policy, { bounds: quiet({ groups, preemptions: 0 }), count, invariant: INVARIANT })
      expect(raw).toHaveLength(count)
      const different = new Set(
        raw.map(({ workload, schedule }) => JSON.stringify([workload, [...schedule]])),
      )
      expect(different.size).toBeGreaterThanOrEqual(count / 2)
      for (const race of raw) expect(replay(race)).toEqual(race.violation)
      const cases = raw.map((race) => {
        const { race: small, certificate } = shrink(race)
        return JSON.stringify(makeCase(small, certificate))
      })
      expect([...new Set(cases)]).toHaveLength(1)
      expect(JSON.parse(cases[0])).toMatchObject({
        minimality: 'minimal',
        certificate: { scope: 'all-workloads' },
      })
    },
  )

  it('static-key-early: is the same case from workloads that hide it, though random search seldom meets them', () => {
    const policy = policies.find(({ name }) => name === 'static-key-early')!
    const bounds = quiet({ groups: [[0]], preemptions: 0 })
    const unmap = { op: 'munmap', page: 0 }
    const pin = { op: 'gup_fast', page: 0 }
    const turn = { op: 'turn_key' }
    const cases = [
      [[unmap], [turn, pin]],
      [[turn, pin, { op: 'reuse' }], [unmap]],
    ].map((workload) => {
      const { race, certificate } = shrink(raceIn(policy, bounds, workload, INVARIANT))
      return JSON.stringify(makeCase(race, certificate))
    })
    expect(new Set(cases).size).toBe(1)
  })
})
