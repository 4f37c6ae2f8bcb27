/**
 * One file a race: of the cases that keep the same one, that with the best proof stays. A case without a proof counts as the
 * race that it shrinks to, for that is what it would be kept as. Nothing is removed before the file that says the same, and
 * more, was read again and is whole; and nothing that has changed since it was looked at.
 */
import { realpathSync, rmSync } from 'node:fs'
import { fail, ShootdownError } from '../errors.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import type { CertifyOptions } from '../shrink/certificate.ts'
import { nothingSpent, type Spent } from '../shrink/spent.ts'
import { canonical, makeCase } from './case.ts'
import { policyOfCase } from './policy-of.ts'
import { prove } from './prove.ts'
import { raceOfCase } from './race.ts'
import { sameRaceKey } from './same-race.ts'
import type { Case } from './schema.ts'
import { readCase, type Kept } from './store.ts'

export interface DedupeOptions extends CertifyOptions {
  /** Among which the policies of the cases are looked up. */
  readonly policies: readonly AnyPolicy[]
  /** True: nothing is removed. Default false. */
  readonly dryRun?: boolean
}

export interface Deduped {
  /** Races that more than one file kept. */
  readonly races: readonly { readonly kept: Kept; readonly removed: readonly Kept[] }[]
  /** Cases that have no proof, and for which none was come by: they were compared as they stand. */
  readonly unproven: readonly Kept[]
  /** What the searches for proofs have cost. */
  readonly spent: Spent
  /** Cases that could not be judged or removed; they are left as they were. */
  readonly problems: readonly { readonly file: string; readonly error: ShootdownError }[]
}

/** Finds the cases that keep the same race, and removes all but one of each; `dryRun` only finds them. */
export function dedupe(cases: readonly Kept[], options: DedupeOptions): Deduped {
  const problems: Deduped['problems'][number][] = []
  const unproven: Kept[] = []
  const spent = nothingSpent()
  const keys = new Keys(cases, { ...options, spent }, (kept) => unproven.push(kept))
  const same = new Map<string, Kept[]>()
  for (const kept of eachFileOnce(cases)) {
    try {
      const key = keys.of(kept)
      same.set(key, [...(same.get(key) ?? []), kept])
    } catch (error) {
      if (!(error instanceof ShootdownError)) throw error
      problems.push({ file: kept.file, error })
    }
  }
  const races = [...same.values()].flatMap((alike) => {
    const [kept, ...others] = alike.toSorted((a, b) => byProof(a.case, b.case))
    const removed = others.filter((other) => {
      if (options.dryRun === true) return true
      try {
        remove(other, kept)
        return true
      } catch (error) {
        if (!(error instanceof ShootdownError)) throw error
        problems.push({ file: other.file, error })
        return false
      }
    })
    return removed.length === 0 ? [] : [{ kept, removed }]
  })
  return { races, unproven, spent, problems }
}

/** A file that was named twice is not two files. */
function eachFileOnce(cases: readonly Kept[]): Kept[] {
  const files = new Map<string, Kept>()
  for (const kept of cases) {
    const file = placeOf(kept.file)
    if (!files.has(file)) files.set(file, kept)
  }
  return [...files.values()]
}

/** Where a file is, whatever it is called by; one that has gone is not removed for others, and that will be told. */
function placeOf(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}

/** Under which key each case is compared. */
class Keys {
  private readonly options: DedupeOptions
  private readonly onUnproven: (kept: Kept) => void
  /** How many cases there are that could be the same race. */
  private readonly rivals = new Map<string, number>()
  /** By key of a case without proof: the key of the race that it shrinks to, if that is known. */
  private readonly goals = new Map<string, string | undefined>()

  constructor(cases: readonly Kept[], options: DedupeOptions, onUnproven: (kept: Kept) => void) {
    this.options = options
    this.onUnproven = onUnproven
    for (const { case: kept } of cases)
      this.rivals.set(claimOf(kept), (this.rivals.get(claimOf(kept)) ?? 0) + 1)
  }

  of(each: Kept): string {
    const { file, case: kept } = each
    const policy = policyOfCase(kept, this.options.policies)
    const own = sameRaceKey(file, kept, policy)
    // Shrinking takes its time, and what has no rival is no duplicate.
    if (kept.minimality === 'minimal' || this.rivals.get(claimOf(kept)) === 1) return own
    if (!this.goals.has(own)) this.goals.set(own, this.goalOf(each, policy))
    const goal = this.goals.get(own)
    if (goal === undefined) this.onUnproven(each)
    return goal ?? own
  }

  private goalOf({ file, case: kept }: Kept, policy: AnyPolicy): string | undefined {
    const proven = prove(raceOfCase(file, kept, policy), this.options)
    if (proven === undefined) return undefined
    const small = makeCase(proven.race, proven.certificate)
    return sameRaceKey(file, kept.expect === undefined ? small : { ...small, expect: kept.expect }, policy)
  }
}

const claimOf = ({ policy, invariant }: Case): string => `${policy} ${invariant}`

/** The better proof first: of more, by more; then what explains more; then what is smaller. */
function byProof(a: Case, b: Case): number {
  const sizes = ['operations', 'vcpus', 'switches', 'steps'] as const
  const merits = (kept: Case): number[] => [
    kept.minimality === 'minimal' ? 1 : 0,
    kept.certificate?.scope === 'all-workloads' ? 1 : 0,
    kept.certificate?.machine?.vcpus ?? kept.bounds.vcpus,
    kept.certificate?.workloads ?? 0,
    kept.certificate?.states ?? 0,
    kept.explained === undefined ? 0 : 1,
  ]
  const theirs = merits(b)
  const merit = merits(a).findIndex((value, i) => value !== theirs[i])
  if (a.minimality === 'local' && b.minimality === 'local') {
    const size = sizes.find((each) => a.size[each] !== b.size[each])
    if (size !== undefined) return a.size[size] - b.size[size]
  }
  return merit >= 0 ? theirs[merit] - merits(a)[merit] : a.id < b.id ? -1 : 1
}

/**
 * Removes a case that says nothing but what another one says.
 * @throws ShootdownError if either is not what it was, or it cannot be removed; it is there still
 */
export function remove(other: Kept, kept: Kept): void {
  for (const each of [kept, other])
    if (canonical(readCase(each.file)) !== canonical(each.case))
      throw fail.corpusRead(each.file, 'has changed in the meantime; nothing was removed for it')
  try {
    rmSync(other.file)
  } catch (cause) {
    throw fail.corpusRemove(other.file, kept.file, cause)
  }
}
