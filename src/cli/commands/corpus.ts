/** `shootdown corpus dedupe|minimize|why|recertify`: looking after the cases of a corpus, or after those that are named. */
import type { z } from 'zod'
import { parseUnsealed } from '../../corpus/case.ts'
import { dedupe } from '../../corpus/dedupe.ts'
import { minimize, type Minimized } from '../../corpus/minimize.ts'
import { recertify } from '../../corpus/recertify.ts'
import { readCase, type Kept } from '../../corpus/store.ts'
import { why } from '../../corpus/why.ts'
import { ShootdownError, fail } from '../../errors.ts'
import type { AnyPolicy } from '../../guest/policy.ts'
import { wrapped } from '../../report/screen.ts'
import type { CertifyOptions } from '../../shrink/certificate.ts'
import { tellSpent } from '../../shrink/spent.ts'
import type { dedupeJson, minimizeJson, recertifyJson, whyJson } from '../json/index.ts'
import { memoryLimitOf } from '../options.ts'
import { knownPolicies } from '../policies.ts'
import { AS_EXPECTED, NOT_AS_EXPECTED, type Context } from './context.ts'
import { noCases, selectedCases } from './replay.ts'

/** The cases that a command is about, and what it needs to look after them. */
interface Work {
  readonly context: Context
  readonly cases: readonly Kept[]
  readonly problems: { file: string; error: string }[]
  readonly policies: readonly AnyPolicy[]
  readonly limits: CertifyOptions
}

const ACTIONS: Readonly<Record<string, (work: Work) => number>> = {
  dedupe: dedupeCases,
  minimize: minimizeCases,
  why: tellWhy,
  recertify: recertifyCases,
}

export async function corpusCommand(context: Context): Promise<number> {
  const { options, rest, interrupt, terminal } = context
  const [action, ...names] = rest
  if (action === undefined || !Object.hasOwn(ACTIONS, action)) {
    const known = Object.keys(ACTIONS).map((each) => `corpus ${each}`)
    throw fail.noCommand(action && `corpus ${action}`, known)
  }
  const memory = memoryLimitOf(options)
  const policies = await knownPolicies(options)
  const { cases, problems } = await selectedCases({ ...context, rest: names })
  if (cases.length + problems.length === 0) terminal.say(`There is nothing to do: ${noCases(context)}`)
  const limits = { stop: () => interrupt.stop(), memory }
  return ACTIONS[action]({ context, cases, problems, policies, limits })
}

function dedupeCases({ context, cases, problems, policies, limits }: Work): number {
  const { options, terminal } = context
  const dryRun = options.dryRun === true
  const { races, unproven, spent, problems: found } = dedupe(cases, { policies, dryRun, ...limits })
  problems.push(...found.map(({ file, error }) => ({ file, error: error.message })))
  for (const { kept, removed } of races) {
    terminal.say(`${terminal.bold('kept')}     ${kept.file}`)
    for (const { file } of removed) terminal.say(`${dryRun ? 'to go  ' : 'removed'}  ${file}`)
  }
  for (const { file } of unproven)
    terminal.say(`unproven ${file}: compared as it stands, for no proof was come by of what it shrinks to`)
  if (unproven.length > 0) terminal.say(`not established after ${tellSpent(spent)}`)
  const gone = races.reduce((sum, { removed }) => sum + removed.length, 0)
  terminal.say(
    `${plural(cases.length)}, ${cases.length - gone} ${dryRun ? 'would be left' : 'left'}; ${problems.length} problems.`,
  )
  terminal.object({
    dryRun,
    races: races.map(({ kept, removed }) => ({ kept: kept.file, removed: removed.map(({ file }) => file) })),
    unproven: unproven.map(({ file }) => file),
    spent,
    problems: complain(context, problems),
  } satisfies z.infer<typeof dedupeJson>)
  return problems.length === 0 ? AS_EXPECTED : NOT_AS_EXPECTED
}

function minimizeCases(work: Work): number {
  const { terminal } = work.context
  const rows = each(work, (kept): z.infer<typeof minimizeJson>['cases'][number] => {
    terminal.progress(kept.file)
    const minimized = minimize(kept, work.policies, work.limits)
    const { outcome, file, case: now, spent } = minimized
    if (outcome !== 'minimal')
      terminal.say(`${terminal.bold(outcome.padEnd(15))}  ${kept.file}${toldMinimized(kept, minimized)}`)
    return { from: kept.file, file, id: now.id, outcome, spent }
  })
  const count = (outcome: string): number => rows.filter((row) => row.outcome === outcome).length
  terminal.say(
    `${plural(work.cases.length)}: ${count('minimal')} minimal before, ${count('minimized') + count('merged')} are now, ${work.cases.length - rows.length + count('not established')} as they were.`,
  )
  terminal.object({ cases: rows, problems: complain(work.context, work.problems) } satisfies z.infer<
    typeof minimizeJson
  >)
  return asExpected(work, rows, ({ outcome }) => outcome !== 'not established')
}

function toldMinimized(kept: Kept, { outcome, file, spent }: Minimized): string {
  if (outcome === 'not established')
    return `: stays as it is; the search for a smaller one is too large, or was ended early, after ${tellSpent(spent)}`
  return file === kept.file ? ': has its proof now' : ` is now ${file}`
}

function tellWhy(work: Work): number {
  const { terminal } = work.context
  const rows = each(work, (kept): z.infer<typeof whyJson>['cases'][number] => {
    const { sentences, replayed, expected, cure } = why(kept, work.policies)
    const told = sentences.map((sentence) => wrapped(`  ${sentence}`)).join('\n')
    terminal.say(`${terminal.bold(kept.case.id)}\n${told}\n`)
    return {
      id: kept.case.id,
      file: kept.file,
      sentences,
      replayed,
      expected,
      cure: cure === undefined ? null : { policy: cure.policy, outcome: cure.outcome ?? null },
    }
  })
  terminal.object({ cases: rows, problems: complain(work.context, work.problems) } satisfies z.infer<
    typeof whyJson
  >)
  return asExpected(work, rows, ({ replayed, expected }) => replayed === expected)
}

function recertifyCases(given: Work): number {
  const work = withUnsealed(given)
  const { terminal } = work.context
  const rows = each(work, (kept): z.infer<typeof recertifyJson>['cases'][number] => {
    terminal.progress(kept.file)
    const { verdict, differences, spent } = recertify(kept, work.policies, work.limits)
    const why = verdict === 'not established' ? `: too large, or ended early, after ${tellSpent(spent)}` : ''
    terminal.say(`${terminal.bold(verdict.padEnd(15))}  ${kept.file}${why}`)
    for (const { field, file, proven } of differences)
      terminal.say(`  "${field}" is ${file}; proven again, it is ${proven}`)
    return { id: kept.case.id, file: kept.file, verdict, spent, differences }
  })
  const count = (verdict: string): number => rows.filter((row) => row.verdict === verdict).length
  terminal.say(
    `${plural(work.cases.length)}: ${count('holds')} hold, ${count('does not hold')} do not, ${count('local')} claim nothing, ${count('not established')} not established; ${work.problems.length} problems.`,
  )
  terminal.object({ cases: rows, problems: complain(work.context, work.problems) } satisfies z.infer<
    typeof recertifyJson
  >)
  return asExpected(work, rows, ({ verdict }) => verdict === 'holds' || verdict === 'local')
}

/** A case whose seal alone does not fit is not passed over: what was changed under it can be told. */
function withUnsealed(work: Work): Work {
  const unsealed: Kept[] = []
  const problems = work.problems.filter(({ file }) => {
    try {
      unsealed.push({ file, case: readCase(file, parseUnsealed) })
      return false
    } catch (thrown) {
      if (thrown instanceof ShootdownError) return true
      throw thrown
    }
  })
  return { ...work, cases: [...work.cases, ...unsealed], problems }
}

/** What comes of each case, until time is up; a case that it cannot be done with is a problem, and not the end. */
function each<Row>({ context, cases, problems }: Work, look: (kept: Kept) => Row): Row[] {
  const rows: Row[] = []
  for (const [i, kept] of cases.entries()) {
    if (context.interrupt.stop()) {
      context.terminal.complain(`Ended early; ${cases.length - i} cases were not looked at.`)
      break
    }
    try {
      rows.push(look(kept))
    } catch (thrown) {
      if (!(thrown instanceof ShootdownError)) throw thrown
      problems.push({ file: kept.file, error: thrown.message })
    }
  }
  return rows
}

function complain<P extends { readonly error: string }>({ terminal }: Context, problems: P[]): P[] {
  for (const { error } of problems) terminal.complain(error)
  return problems
}

const asExpected = <Row>({ cases, problems }: Work, rows: Row[], expected: (row: Row) => boolean): number =>
  problems.length === 0 && rows.length === cases.length && rows.every(expected)
    ? AS_EXPECTED
    : NOT_AS_EXPECTED

const plural = (cases: number): string => (cases === 1 ? '1 case' : `${cases} cases`)
