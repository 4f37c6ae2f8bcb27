/** A case is named by its content: the same race has the same name, whoever found it, and how. */
import { describe, expect, it } from 'vitest'
import {
  explainAndGeneralize,
  hunt,
  hypervList,
  keptOf,
  makeCase,
  parseCase,
  raceOfCase,
  withOptions,
  type Bounds,
  type Case,
} from '../../src/index.ts'
import { caseOf, cases, policyOf, textOf } from './shipped.ts'
import { thorough } from '../thorough.ts'

const asText = (kept: Case): string => `${JSON.stringify(kept, null, 2)}\n`
const withoutFound = ({ found: _found, ...kept }: Case): string => JSON.stringify(kept)

/** What is kept of the only race that a hunt with these options finds. */
function caught(seed: number, strategy: string, runs: number, bounds: Partial<Bounds> = {}): Case {
  const { found } = hunt(withOptions(hypervList, {}), { seed, strategy, runs, bounds })
  expect(found).toHaveLength(1)
  const [{ race, certificate, foundBy, run }] = found
  const origin = { seed, strategy: foundBy, run, version: '9.9.9' }
  return makeCase(race, certificate, origin, keptOf(explainAndGeneralize(race)))
}

describe.each(cases)('$id', (kept) => {
  it('is the case that is made of the race which it keeps', () => {
    const race = raceOfCase('here', kept, policyOf(kept.policy))
    const again = makeCase(race, kept.certificate, kept.found, kept.explained)
    expect({ ...again, ...(kept.expect && { expect: kept.expect }) }).toEqual(kept)
  })

  it('survives being written and read, to the byte of its file', () => {
    expect(parseCase('here', asText(kept))).toEqual(kept)
    expect(asText(kept)).toBe(textOf(kept))
  })

  it('is named by policy, invariant and a digest', () => {
    expect(kept.id).toMatch(new RegExp(`^${kept.policy}-${kept.invariant}-[0-9a-f]{8}$`))
  })

  it('is minimal, and says what was searched to know it', () => {
    expect(kept.minimality).toBe('minimal')
    expect(kept.certificate!.workloads).toBeGreaterThan(0)
    expect(kept.certificate!.states).toBeGreaterThan(kept.schedule.length)
    expect(kept.size.steps).toBe(kept.schedule.length)
  })
})

describe('one race', () => {
  const shipped = caseOf('hyperv-list')

  it.runIf(thorough)(
    'is the shipped case when it is hunted again from another seed, to the byte but for where it was found',
    () => {
      const kept = caught(2, 'pct', 4000)
      expect(withoutFound(kept)).toBe(withoutFound(shipped))
      expect(kept.found).toMatchObject({ seed: 2, strategy: 'pct', version: '9.9.9' })
    },
  )

  it('is one case, whichever seed and strategy met it: portfolio, pct, or the enumeration behind a random search that met nothing', () => {
    const plain = { speculation: 0 }
    const [first, ...more] = [
      caught(98, 'portfolio', 4000, plain),
      caught(2, 'pct', 4000, plain),
      caught(1, 'random', 1, plain),
    ]
    for (const kept of more) expect(withoutFound(kept)).toBe(withoutFound(first))
    expect([first, ...more].map(({ found }) => found!.strategy)).toEqual(['portfolio', 'pct', 'enumeration'])
  })

  it.runIf(thorough)(
    'is one case also where enumeration met it under bounds with speculation: its bounds are those of the enumeration',
    () => {
      expect(withoutFound(caught(1, 'random', 1))).toBe(withoutFound(shipped))
    },
  )

  it('is one case whether default options were filled in (command line) or left out (library): makeCase names them apart', () => {
    const race = raceOfCase('here', shipped, hypervList)
    expect(makeCase({ ...race, policy: hypervList }, undefined).id).toBe(makeCase(race, undefined).id)
  })
})

describe('provenance', () => {
  const kept = caseOf('hyperv-list')
  const race = raceOfCase('here', kept, hypervList)

  it('changes neither name nor seal', () => {
    const made = [
      undefined,
      { seed: 1, strategy: 'a', run: 0, version: '1' },
      { seed: 2, strategy: 'b', run: 7, version: '2' },
    ].map((found) => makeCase(race, kept.certificate, found))
    expect(new Set(made.map(({ id }) => id)).size).toBe(1)
    expect(new Set(made.map(({ digest }) => digest)).size).toBe(1)
  })

  it('is left out where nobody knows it, and the case can still be read', () => {
    const made = makeCase(race, undefined)
    expect(made).not.toHaveProperty('found')
    expect(parseCase('here', asText(made))).toEqual(made)
  })

  it('of the proof is: without a certificate a case is only locally minimal, under the same name', () => {
    const made = makeCase(race, undefined)
    expect(made).toMatchObject({ id: kept.id, minimality: 'local' })
    expect(made.digest).not.toBe(kept.digest)
  })
})
