/**
 * Hunts from many seeds over all broken policies, into one folder: one file for each distinct race. Workloads are made of
 * the few operations that each policy's race is known to need, so that a hunt with its proof takes some ten milliseconds.
 */
import { expect, it } from 'vitest'
import { dedupe, keep, makeCase, readCorpus } from '../../src/index.ts'
import { thorough } from '../thorough.ts'
import { temporaryFolder } from './folder.ts'
import { BROKEN, shortHunt } from './small.ts'

const HUNTS = thorough ? 1000 : 22
/** Its race takes three operations, one of them twice in a row at the right moment: luck alone is not sure to meet it. */
const RARE = new Set(['static-key-early', 'flush-before-unhook'])

it(`${HUNTS} hunts keep one file a race`, { timeout: 300_000 }, () => {
  const folder = temporaryFolder()
  const raws = temporaryFolder()
  const met = new Map<string, Set<string>>()
  for (let seed = 0; seed < HUNTS; seed++) {
    const policy = BROKEN[seed % BROKEN.length]
    for (const { race, certificate, raw, run } of shortHunt(policy, seed).found) {
      expect(certificate, `${policy.name}, seed ${seed}`).toBeDefined()
      const found = { seed, strategy: 'portfolio', run, version: '0.1.0' }
      const kept = makeCase(race, certificate, found)
      keep(folder, kept)
      if (seed < 2 * BROKEN.length) keep(raws, makeCase(raw, undefined, found))
      const what = `${kept.policy} ${kept.invariant}`
      met.set(what, (met.get(what) ?? new Set()).add(kept.id))
    }
  }
  for (const { name } of BROKEN)
    if (!RARE.has(name)) expect([...met.keys()]).toContain(`${name} software-walk`)
  // Every policy here has one smallest race of each invariant, so a second file would be the same race twice.
  expect([...met].filter(([, ids]) => ids.size !== 1)).toEqual([])
  const { cases, problems } = readCorpus(folder)
  expect(problems).toEqual([])
  expect(cases.map(({ case: { id } }) => id).toSorted()).toEqual(
    [...met.values()].flatMap((ids) => [...ids]).toSorted(),
  )
  expect(dedupe(cases, { policies: BROKEN, dryRun: true }).races).toEqual([])

  const before = readCorpus(raws).cases
  const claims = new Set(before.map(({ case: { policy, invariant } }) => `${policy} ${invariant}`))
  expect(before.length).toBeGreaterThan(claims.size)
  expect(dedupe(before, { policies: BROKEN })).toMatchObject({ problems: [], unproven: [] })
  expect(readCorpus(raws).cases).toHaveLength(claims.size)
})
