/** One file a race: which cases are the same race, which of them stays, and that nothing goes that is kept nowhere else. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dedupe, keep, makeCase, sameRaceKey, withOptions, type Case, type Race } from '../../src/index.ts'
import * as T from '../../src/scenario/transition.ts'
import { temporaryFolder } from './folder.ts'
import { fewOperations, keepAll, known, localCase, minimalCase, policy, rawRace, shortHunt } from './small.ts'

const minimal = minimalCase()
const local = localCase(2)

/** A race with its two CPUs in each other's place. */
const mirrored = (race: Race): Race => ({
  ...race,
  workload: race.workload.toReversed(),
  schedule: race.schedule.map((t) => T.transition(T.kindOf(t), 1 - T.whoOf(t), T.detailOf(t))),
})

describe('the key of a race', () => {
  it('is the same with the CPUs in each other’s place', () => {
    const race = rawRace(3)
    const [one, other] = [race, mirrored(race)].map((each) => makeCase(each, undefined))
    expect(one.id).not.toBe(other.id)
    expect(sameRaceKey('', one, policy)).toBe(sameRaceKey('', other, policy))
  })

  it('tells CPUs apart where the policy may do so', () => {
    const { symmetric: _symmetric, ...asymmetric } = policy
    const race = { ...rawRace(3), policy: asymmetric }
    const [one, other] = [race, mirrored(race)].map((each) => makeCase(each, undefined))
    expect(sameRaceKey('', one, asymmetric)).not.toBe(sameRaceKey('', other, asymmetric))
  })

  it('does not depend on what the environment was allowed to do and did not', () => {
    const { bounds } = minimal
    const key = sameRaceKey('', minimal, policy)
    for (const more of [{ speculation: 1 }, { preemptions: 2 }, { eviction: true }])
      expect(sameRaceKey('', { ...minimal, bounds: { ...bounds, ...more } }, policy)).toBe(key)
  })

  it('depends on the machine, and on what replaying should end in', () => {
    const key = sameRaceKey('', minimal, policy)
    const pte: Case = { ...minimal, bounds: { ...minimal.bounds, gupRecheck: 'pte' } }
    expect(sameRaceKey('', pte, policy)).not.toBe(key)
    expect(sameRaceKey('', { ...minimal, expect: 'fixed' }, policy)).not.toBe(key)
  })

  it('does not depend on whether default options are spelled out', () => {
    const race = { ...rawRace(3), policy: withOptions(policy, { targets: 'plain' }) }
    const [one, other] = [makeCase(rawRace(3), undefined), makeCase(race, undefined)]
    expect(one.id).not.toBe(other.id)
    expect(sameRaceKey('', one, policy)).toBe(sameRaceKey('', other, policy))
  })
})

describe('dedupe', () => {
  it('leaves the minimal case of those that shrink to it', () => {
    const folder = temporaryFolder()
    const cases = keepAll(folder, minimal, local, localCase(3), localCase(4))
    expect(cases.length).toBeGreaterThan(2)
    const { races, unproven, problems } = dedupe(cases, { policies: known })
    expect([unproven, problems]).toEqual([[], []])
    expect(races).toHaveLength(1)
    expect(races[0].kept.case).toEqual(minimal)
    expect(races[0].removed).toHaveLength(cases.length - 1)
    expect(readdirSync(folder)).toEqual([`${minimal.id}.json`])
  })

  it('leaves one of those that have no proof, the smallest, where none has one', () => {
    const folder = temporaryFolder()
    const cases = keepAll(folder, local, localCase(3), localCase(4))
    const steps = cases.map(({ case: kept }) => kept.size.switches * 1000 + kept.size.steps)
    const { races } = dedupe(cases, { policies: known })
    const { size } = races[0].kept.case
    expect(size.switches * 1000 + size.steps).toBe(Math.min(...steps))
    expect(readdirSync(folder)).toEqual([`${races[0].kept.case.id}.json`])
  })

  it('leaves the proof by which more was searched', () => {
    const folder = temporaryFolder()
    const wide = minimalCase({ preemptions: 1 })
    const cases = keepAll(folder, minimal, wide)
    expect(cases).toHaveLength(2)
    expect(dedupe(cases, { policies: known }).races[0].kept.case).toEqual(wide)
  })

  it('only says what it would do in a dry run', () => {
    const folder = temporaryFolder()
    const cases = keepAll(folder, minimal, local)
    const before = readdirSync(folder)
    expect(
      dedupe(cases, { policies: known, dryRun: true }).races[0].removed.map(({ case: kept }) => kept),
    ).toEqual([local])
    expect(readdirSync(folder)).toEqual(before)
  })

  it('leaves different races alone', () => {
    const folder = temporaryFolder()
    const other = fewOperations('flush-nobody')
    const cases = keepAll(folder, minimal, makeCase(shortHunt(other, 2, false).found[0].race, undefined), {
      ...local,
      expect: 'fixed',
    })
    expect(dedupe(cases, { policies: known }).races).toEqual([])
    expect(readdirSync(folder)).toHaveLength(3)
  })

  it('compares cases as they stand once time is up, and names them', () => {
    const folder = temporaryFolder()
    const cases = keepAll(folder, minimal, local)
    const { races, unproven, spent } = dedupe(cases, { policies: known, stop: () => true })
    expect(races).toEqual([])
    expect(spent.workloads).toBeGreaterThan(0)
    expect(unproven.map(({ case: kept }) => kept)).toEqual([local])
  })

  it('does not take a file that is named twice for two', () => {
    const folder = temporaryFolder()
    const [only] = keepAll(folder, minimal)
    const roundabout = { ...only, file: join(folder, '..', folder.split('/').at(-1)!, `${minimal.id}.json`) }
    expect(dedupe([only, roundabout, only], { policies: known }).races).toEqual([])
    expect(readdirSync(folder)).toHaveLength(1)
  })

  it('removes nothing if the file that is to stay has gone, was damaged or has changed', () => {
    for (const spoil of [
      (file: string) => rmSync(file),
      (file: string) => writeFileSync(file, '{"half'),
      (file: string) => writeFileSync(file, JSON.stringify({ ...minimal, expect: 'fixed' })),
    ]) {
      const folder = temporaryFolder()
      const cases = keepAll(folder, minimal, local)
      spoil(join(folder, `${minimal.id}.json`))
      const { races, problems } = dedupe(cases, { policies: known })
      expect(races).toEqual([])
      expect(problems[0].error.code).toBe('corpusRead')
      expect(readdirSync(folder)).toContain(`${local.id}.json`)
    }
  })

  it('names a case whose policy is not there, or has been repaired, and leaves it', () => {
    const folder = temporaryFolder()
    const cases = keepAll(folder, minimal, local)
    const repaired = { ...known.find(({ name }) => name === 'native-rcu')!, name: policy.name }
    for (const [policies, code] of [
      [known.filter(({ name }) => name !== policy.name), 'unknownPolicy'],
      [[repaired], 'corpusRead'],
    ] as const) {
      const { races, problems } = dedupe(cases, { policies })
      expect(races).toEqual([])
      expect(problems.map(({ error }) => error.code)).toEqual([code, code])
    }
    expect(readdirSync(folder)).toHaveLength(2)
    expect(keep(folder, minimal).fresh).toBe(false)
  })
})
