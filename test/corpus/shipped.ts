/** The cases that the package ships, as raw material: they are real, and they are never written to. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { policies, readCorpus, type Case } from '../../src/index.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'

export const folder = fileURLToPath(new URL('../../corpus', import.meta.url))
export const corpus = readCorpus(folder)
export const cases: readonly Case[] = corpus.cases.map(({ case: kept }) => kept)

/** The first case of a policy, whatever its id. */
export function caseOf(policy: string, invariant?: string): Case {
  const found = cases.find(
    (kept) => kept.policy === policy && (invariant ?? kept.invariant) === kept.invariant,
  )
  if (found === undefined) throw new Error(`no case of ${policy} is shipped`)
  return found
}

export function policyOf(name: string): AnyPolicy {
  const found = policies.find((policy) => policy.name === name)
  if (found === undefined) throw new Error(`no policy ${name} is shipped`)
  return found
}

/** The text of a shipped case's file. */
export function textOf(kept: Case): string {
  return readFileSync(corpus.cases.find(({ case: each }) => each.id === kept.id)!.file, 'utf8')
}
