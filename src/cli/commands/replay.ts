/** `shootdown replay`: every case of a corpus once more, against the policy that it is about. */
import type { z } from 'zod'
import { existsSync } from 'node:fs'
import { policyOfCase } from '../../corpus/policy-of.ts'
import { expectedOutcome, replayCase } from '../../corpus/replay.ts'
import { readCorpus, type Kept } from '../../corpus/store.ts'
import { ShootdownError, fail } from '../../errors.ts'
import type { replayJson } from '../json/index.ts'
import { knownPolicies } from '../policies.ts'
import { AS_EXPECTED, DEFAULT_CORPUS, NOT_AS_EXPECTED, type Context } from './context.ts'

type Result = z.infer<typeof replayJson>

export async function replayCommand(context: Context): Promise<number> {
  const { options, terminal } = context
  const known = await knownPolicies(options)
  const { cases, problems } = await selectedCases(context)
  if (cases.length + problems.length === 0) terminal.say(`There is nothing to replay: ${noCases(context)}`)
  const rows: Result['cases'] = []
  for (const { file, case: kept } of cases) {
    if (context.interrupt.stop()) break
    try {
      const policy = policyOfCase(kept, known)
      const { outcome, step, reason } = replayCase(kept, policy)
      const expected = expectedOutcome(kept, policy)
      const verdict = outcome === expected ? '' : `  (expected: ${expected})`
      terminal.say(`${terminal.bold(outcome.padEnd(10))}  ${kept.id}: ${reason}${verdict}`)
      rows.push({ id: kept.id, file, policy: kept.policy, outcome, expected, step, reason })
    } catch (cause) {
      if (!(cause instanceof ShootdownError)) throw cause
      problems.push({ file, error: cause.message })
    }
  }
  if (rows.length + problems.length < cases.length)
    terminal.complain('Ended early; the other cases were not replayed.')
  for (const { error } of problems) terminal.complain(error)
  const count = (outcome: string): number => rows.filter((row) => row.outcome === outcome).length
  terminal.say(
    `${rows.length} cases: ${count('reproduced')} reproduced, ${count('fixed')} fixed, ${count('diverged')} diverged; ${problems.length} unreadable.`,
  )
  terminal.object({ cases: rows, problems } satisfies Result)
  return problems.length === 0 &&
    rows.length === cases.length &&
    rows.every(({ outcome, expected }) => outcome === expected)
    ? AS_EXPECTED
    : NOT_AS_EXPECTED
}

/** Why there are none: for the report of a command that is about cases. */
export function noCases({ options }: Context): string {
  const folder = options.corpus ?? DEFAULT_CORPUS
  const those = options.policy === undefined ? 'cases' : 'cases of these policies'
  return existsSync(folder)
    ? `no ${those} in the folder "${folder}".`
    : `there is no folder "${folder}" yet; \`shootdown hunt\` keeps in it what it finds.`
}

/** The cases that are named, by file or id; all of the corpus where none is. */
export async function selectedCases({
  options,
  rest,
}: Context): Promise<{ cases: Kept[]; problems: { file: string; error: string }[] }> {
  const folder = options.corpus ?? DEFAULT_CORPUS
  if (options.corpus !== undefined && !existsSync(folder))
    throw fail.badOption('--corpus', folder, 'a folder that exists')
  const names = [options.policy ?? []].flat()
  const known = (await knownPolicies(options)).map(({ name }) => name)
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) throw fail.unknownPolicy(unknown, known)
  const sources =
    rest.length === 0
      ? [readCorpus(folder)]
      : rest.map((name) => readCorpus(name.endsWith('.json') ? name : `${folder}/${name}.json`))
  const cases = sources
    .flatMap((source) => source.cases)
    .filter(({ case: kept }) => names.length === 0 || names.includes(kept.policy))
  const problems = sources.flatMap((source) =>
    source.problems.map(({ file, error }) => ({ file, error: error.message })),
  )
  sources.forEach((source, i) => {
    if (rest.length > 0 && source.cases.length + source.problems.length === 0) {
      const problem = fail.corpusRead(
        rest[i],
        `there is no such case; expected a file, or the id of a case in ${folder}`,
      )
      problems.push({ file: rest[i], error: problem.message })
    }
  })
  return { cases, problems }
}
