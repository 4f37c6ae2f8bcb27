/**
 * Files of a corpus damaged at random, then given to every command that reads them: each ends in a sentence about the file
 * or in the right verdict, and no command but those that are asked to writes to it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  dedupe,
  explainAndGeneralize,
  keptOf,
  makeCase,
  parseUnsealed,
  raceOfCase,
  readCase,
  recertify,
  replayCase,
  ShootdownError,
  why,
  type Case,
} from '../../src/index.ts'
import { policyOfCase } from '../../src/corpus/policy-of.ts'
import { resealed } from '../../src/corpus/case.ts'
import { thorough } from '../thorough.ts'
import { temporaryFolder } from './folder.ts'
import { known, localCase, minimalCase } from './small.ts'

const minimal = minimalCase()
/** One that keeps an explanation as well. */
const explained = ((): Case => {
  const race = raceOfCase('explained', minimal, policyOfCase(minimal, known))
  return makeCase(race, minimal.certificate, minimal.found, keptOf(explainAndGeneralize(race)))
})()
const originals = [minimal, explained, localCase(2), localCase(3)]

type Damage = (text: string) => string

const cut = (text: string, from: number, length: number): string => {
  const at = from % text.length
  return text.slice(0, at) + text.slice(at + length)
}
/** Replaces the value at some leaf of a case, and makes the seal fit again if it still can. */
function replaceLeaf(text: string, nth: number, value: unknown): string {
  const leaves: [Record<string, unknown>, string][] = []
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    for (const key of Object.keys(node)) {
      leaves.push([node as Record<string, unknown>, key])
      walk((node as Record<string, unknown>)[key])
    }
  }
  const json = JSON.parse(text) as Case
  walk(json)
  const [parent, key] = leaves[nth % leaves.length]
  parent[key] = value
  return JSON.stringify({ ...json, digest: resealed(json) })
}

const byte = fc.constantFrom(...'0129az"{}[],:-. \n\u0000é'.split(''))
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(40)).map(
    ([at, n]) =>
      (text: string) =>
        cut(text, at, n),
  ),
  fc.tuple(fc.nat(), byte).map(([at, c]) => (text: string) => {
    const i = at % text.length
    return text.slice(0, i) + c + text.slice(i + 1)
  }),
  fc.nat().map((n) => (text: string) => text.slice(0, n % text.length)),
  fc
    .tuple(
      fc.nat(),
      fc.oneof(fc.jsonValue(), fc.integer({ min: -1, max: 5 }), fc.constantFrom('cpu0', 'away', 'munmap')),
    )
    .map(
      ([nth, value]) =>
        (text: string) =>
          replaceLeaf(text, nth, value),
    ),
)

/** The names and the content of a case that make it the same claim. */
const claimOf = ({ policy, invariant, workload, schedule }: Case): string =>
  JSON.stringify([policy, invariant, workload, schedule.map((entry) => entry.do)])

it(
  'a damaged file is told of in a sentence or judged rightly, and is left as it is',
  { timeout: 300_000 },
  () => {
    const folder = temporaryFolder()
    /** Searching for hours what a damaged certificate names is no part of this. */
    let asked = 0
    const stop = (): boolean => ++asked > 40
    const given = fc.record({
      original: fc.constantFrom(...originals),
      damages: fc.array(damage, { minLength: 1, maxLength: 2 }),
    })
    let judged = 0
    fc.assert(
      fc.property(given, ({ original, damages }) => {
        const file = join(folder, `${original.id}.json`)
        let text = JSON.stringify(original, null, 2)
        for (const each of damages) {
          try {
            text = each(text)
          } catch (thrown) {
            // What is no JSON has no leaves.
            if (!(thrown instanceof SyntaxError) && !(thrown instanceof TypeError)) throw thrown
          }
        }
        writeFileSync(file, text)
        const attempt = (act: (kept: Case) => void, parse?: typeof parseUnsealed): void => {
          asked = 0
          try {
            act(readCase(file, parse))
            judged++
          } catch (thrown) {
            if (!(thrown instanceof ShootdownError)) throw thrown
          }
          expect(readFileSync(file, 'utf8')).toBe(text)
        }
        attempt((kept) => {
          const { outcome } = replayCase(kept, policyOfCase(kept, known))
          if (claimOf(kept) === claimOf(original)) expect(outcome).toBe('reproduced')
        })
        attempt((kept) => raceOfCase(file, kept, policyOfCase(kept, known)))
        attempt((kept) => why({ file, case: kept }, known))
        attempt((kept) => expect(dedupe([{ file, case: kept }], { policies: known, stop }).races).toEqual([]))
        attempt((kept) => {
          const { verdict } = recertify({ file, case: kept }, known, { stop })
          const { found: _f, expect: _e, ...claims } = kept
          const { found: _g, expect: _h, ...true_ } = original
          if (verdict === 'holds' || verdict === 'local') expect(claims).toEqual(true_)
        }, parseUnsealed)
      }),
      { numRuns: thorough ? 10_000 : 300 },
    )
    expect(judged).toBeGreaterThan(0)
  },
)
