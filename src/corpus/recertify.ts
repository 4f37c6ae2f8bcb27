/**
 * A case held against its own race: the search that its certificate is about is done again, and the case is made anew of
 * what comes out. Where the two differ, the file was changed (a seal can be made to fit), or the code was. Nothing is
 * written.
 */
import { fail, ShootdownError } from '../errors.ts'
import { explainAndGeneralize } from '../explain/explain.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { makeBounds } from '../scenario/bounds.ts'
import type { Race } from '../scenario/race.ts'
import type { Certificate, Certified, CertifyOptions } from '../shrink/certificate.ts'
import { nothingSpent, type Spent } from '../shrink/spent.ts'
import { canonical, makeCase, resealed } from './case.ts'
import { keptOf } from './explained.ts'
import { policyOfCase } from './policy-of.ts'
import { proofsAgain, prove } from './prove.ts'
import { raceOfCase } from './race.ts'
import type { Case } from './schema.ts'
import type { Kept } from './store.ts'

/** A value of the file that is not what comes out; JSON, or `nothing`. */
export interface Difference {
  /** Such as `certificate.states`. */
  readonly field: string
  readonly file: string
  readonly proven: string
}

export interface Recertified {
  /** `local` if nothing is claimed that could be proven; `not established` if the search was ended early, or is too large. */
  readonly verdict: 'holds' | 'does not hold' | 'not established' | 'local'
  readonly differences: readonly Difference[]
  /** What the searches have cost: more than one, where the first came to something else than the file says. */
  readonly spent: Spent
}

/**
 * Proves the certificate of a case again. The case may have a seal that does not fit (see `parseUnsealed`): then what was
 * changed under it is among the differences.
 * @throws ShootdownError if the case is no race of its policy, or not any more
 */
export function recertify(
  { file, case: kept }: Kept,
  policies: readonly AnyPolicy[],
  options: CertifyOptions = {},
): Recertified {
  const policy = policyOfCase(kept, policies)
  const race = raceOfCase(file, kept, policy)
  checkMachine(file, kept)
  const spent = nothingSpent()
  const seal = differencesOf({ digest: kept.digest }, { digest: resealed(kept) })
  if (kept.minimality === 'local' && kept.certificate === undefined) {
    const differences = [...differencesOf(sealed(kept), sealed(again(kept, { race }))), ...seal]
    return { verdict: differences.length === 0 ? 'local' : 'does not hold', differences, spent }
  }
  let least: readonly Difference[] | undefined
  for (const proof of proofsOf(race, kept.certificate, { ...options, spent })) {
    if (proof === undefined) continue
    const differences = differencesOf(sealed(kept), sealed(again(kept, proof)))
    if (least === undefined || differences.length < least.length) least = differences
    if (least.length === 0) break
  }
  if (least === undefined) return { verdict: 'not established', differences: seal, spent }
  const differences = [...least, ...seal]
  return { verdict: differences.length === 0 ? 'holds' : 'does not hold', differences, spent }
}

/** The machine of a certificate must be one, and larger than that of its race. */
function checkMachine(file: string, { bounds, certificate }: Case): void {
  try {
    makeBounds({ ...bounds, ...certificate?.machine })
  } catch (thrown) {
    if (thrown instanceof ShootdownError)
      throw fail.corpusRead(file, `"certificate.machine" is none: ${thrown.message.replace(/\.$/, '')}`)
    throw thrown
  }
}

/**
 * The proofs that a certificate can be meant for, the one that it names first. The others are tried where that comes to
 * something else, so that what is told is the field that was changed, and not all that follows from it.
 */
function* proofsOf(
  race: Race,
  certificate: Certificate | undefined,
  options: CertifyOptions,
): Generator<Certified | undefined> {
  if (certificate === undefined) {
    yield prove(race, options)
    return
  }
  yield* proofsAgain(race, certificate, options)
  const other = certificate.scope === 'all-workloads' ? 'sub-workloads' : 'all-workloads'
  yield* proofsAgain(race, { ...certificate, scope: other }, options)
  if (certificate.machine === undefined) return
  const { machine: _machine, ...rest } = certificate
  yield* proofsAgain(race, rest, options)
}

/** The case that keeps a race, with as much said of it as a case says. */
function again(kept: Case, { race, certificate }: Pick<Certified, 'race'> & Partial<Certified>): Case {
  const explained = kept.explained && keptOf(explainAndGeneralize(race))
  return makeCase(race, certificate, undefined, explained)
}

/** All that a seal is about. */
function sealed({ digest: _digest, found: _found, expect: _expect, ...content }: Case): object {
  return content
}

/** The values that are not the same, leaf by leaf. */
function differencesOf(file: unknown, proven: unknown, field = ''): Difference[] {
  if (canonical(file ?? null) === canonical(proven ?? null)) return []
  if (isTree(file) && isTree(proven)) {
    const names = new Set([...Object.keys(file), ...Object.keys(proven)])
    return [...names].flatMap((name) =>
      differencesOf(file[name], proven[name], field === '' ? name : `${field}.${name}`),
    )
  }
  return [{ field, file: tell(file), proven: tell(proven) }]
}

const isTree = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const tell = (value: unknown): string => (value === undefined ? 'nothing' : canonical(value))
