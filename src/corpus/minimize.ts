/**
 * Cases that were kept without a proof, made small once more. What comes out is written whole before the case that it takes
 * the place of is removed; what could not be proven stays as it was. Who found the race, and what replaying it should end
 * in, is taken over.
 */
import { dirname } from 'node:path'
import { fail } from '../errors.ts'
import { explainAndGeneralize } from '../explain/explain.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import type { CertifyOptions } from '../shrink/certificate.ts'
import { nothingSpent, type Spent } from '../shrink/spent.ts'
import { makeCase } from './case.ts'
import { remove } from './dedupe.ts'
import { keptOf } from './explained.ts'
import { policyOfCase } from './policy-of.ts'
import { prove } from './prove.ts'
import { raceOfCase } from './race.ts'
import type { Case } from './schema.ts'
import { keep, readCase, type Kept } from './store.ts'

export interface Minimized {
  /**
   * `minimal` if it was so before, `minimized` if it is now, `merged` if another file kept the race that it shrinks to;
   * `not established` if no proof was come by, and the case is as it was.
   */
  readonly outcome: 'minimal' | 'minimized' | 'merged' | 'not established'
  /** Where the race is kept now. */
  readonly file: string
  readonly case: Case
  /** What the search has cost. */
  readonly spent: Spent
}

/**
 * Makes a case minimal, in the folder where it is.
 * @throws ShootdownError if it is no race any more, or its proof cannot be written; its file is as it was then
 */
export function minimize(
  each: Kept,
  policies: readonly AnyPolicy[],
  options: CertifyOptions = {},
): Minimized {
  const { file, case: kept } = each
  const policy = policyOfCase(kept, policies)
  const spent = nothingSpent()
  if (kept.minimality === 'minimal') return { outcome: 'minimal', ...each, spent }
  const proven = prove(raceOfCase(file, kept, policy), { ...options, spent })
  if (proven === undefined) return { outcome: 'not established', ...each, spent }
  const { race, certificate } = proven
  const made = makeCase(race, certificate, kept.found, keptOf(explainAndGeneralize(race)))
  const written = keep(dirname(file), kept.expect === undefined ? made : { ...made, expect: kept.expect })
  const now = { file: written.file, case: readCase(written.file) }
  if (now.case.minimality !== 'minimal') throw fail.corpusRead(now.file, 'is in the way of a proven case')
  if (made.id !== kept.id) {
    if (now.case.expect !== kept.expect)
      throw fail.corpusRead(
        file,
        `shrinks to the race of ${now.file}, but "expect" is another there; make both alike, or leave them`,
      )
    remove(each, now)
  }
  return { outcome: written.fresh || written.upgraded === true ? 'minimized' : 'merged', ...now, spent }
}
