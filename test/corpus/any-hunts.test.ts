/**
 * Hunts as anybody begins them, from many seeds over all broken policies and bugs, into one folder: workloads and bounds
 * are those that hunts have by default (but that a short run leaves out speculation). One file comes of each distinct race, however often it was met.
 */
import { expect, it } from 'vitest'
import { dedupe, hunt, keep, makeCase, readCorpus } from '../../src/index.ts'
import { broken } from '../quality/broken.ts'
import { minimalRaces } from '../quality/minimal-races.ts'
import { full, some, thorough, unlessThorough } from '../thorough.ts'
import { temporaryFolder } from './folder.ts'

const hunted = some(broken, 9)
const HUNTS = full ? 1000 : 4 * hunted.length
/** A hunt of so many finds the races that are met often within a part of a second; none of it depends on luck. */
const RUNS = thorough ? 1000 : 400
/** Races that have to be met for this to show anything. */
const AT_LEAST = full ? 30 : 6

it(`${HUNTS} hunts of anything keep one file a race`, { timeout: 1_800_000 }, () => {
  const folder = temporaryFolder()
  const kept = new Map<string, Set<string>>()
  let met = 0
  for (let seed = 0; seed < HUNTS; seed++) {
    const policy = hunted[seed % hunted.length]
    const { found } = hunt(policy, {
      seed,
      runs: RUNS,
      estimates: false,
      enumerates: false,
      ...unlessThorough,
    })
    for (const { race, certificate, foundBy, run } of found) {
      expect(certificate, `${policy.name}, seed ${seed}`).toBeDefined()
      const made = makeCase(race, certificate, { seed, strategy: foundBy, run, version: '0.1.0' })
      const { fresh } = keep(folder, made)
      const what = `${made.policy} ${made.invariant}`
      expect(fresh, `${what}, seed ${seed}: ${made.id}`).toBe(!kept.has(what))
      kept.set(what, (kept.get(what) ?? new Set()).add(made.id))
      met++
    }
  }
  const known = new Set(minimalRaces.map(({ policy, invariant }) => `${policy} ${invariant}`))
  expect([...kept.keys()].filter((what) => !known.has(what))).toEqual([])
  expect(kept.size).toBeGreaterThanOrEqual(AT_LEAST)
  expect(met).toBeGreaterThan((full ? 10 : 2) * kept.size)

  const { cases, problems } = readCorpus(folder)
  expect(problems).toEqual([])
  expect(cases.map(({ case: { id } }) => id).toSorted()).toEqual(
    [...kept.values()].flatMap((ids) => [...ids]).toSorted(),
  )
  expect(dedupe(cases, { policies: broken, dryRun: true })).toMatchObject({
    races: [],
    unproven: [],
    problems: [],
  })
})
