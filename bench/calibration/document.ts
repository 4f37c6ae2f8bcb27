/** docs/calibration.md, written from the results. */
import { join } from 'node:path'
import { best, demanded, isComparable, portfolioRatio, type Result, type Results } from './results.ts'
import type { Cell } from './trials.ts'

export const DOCUMENT = join(import.meta.dirname, '../../docs/calibration.md')

/** The portfolio may need so many times the runs of the best strategy, and feedback so many times the published ones. */
const TWICE = 2

/** What is known of demands that are missed, by program. */
const REASONS: Readonly<Record<string, string>> = {
  wronglock:
    'In the program as published, one thread reads, adds and compares while seven others add one after the other. ' +
    'About one interleaving in three shows the bug, whoever draws it; a mean of 1.0 needs schedules that are not these.',
}

const number = (mean: number): string =>
  mean.toLocaleString('en', { maximumFractionDigits: mean < 100 ? 1 : 0 })
const told = ({ mean, missed }: Cell): string => (missed > 0 ? `> ${number(mean)}` : number(mean))
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(row)].join('\n')
}

const publishedCells = ({ published }: Result): string[] => {
  if (published === undefined) return ['', '', '']
  const { pos, pct, feedback } = published
  return [pos, pct, feedback].map((mean) => (mean === undefined ? 'not found' : mean.toFixed(1)))
}

/** A line for each demand that is not met, and one that says how many are. */
function verdicts(demands: readonly (readonly [what: string, met: boolean, name: string])[]): string {
  const missed = demands.filter(([, met]) => !met)
  const lines = missed.map(([what, , name]) => {
    const reason = REASONS[name]
    return `- Missed: ${what}.${reason === undefined ? '' : ` ${reason}`}`
  })
  return [`- Met: ${demands.length - missed.length} of ${demands.length}.`, ...lines].join('\n')
}

/** Where too little was met for anything to be said of the ratio. */
function undecided(results: readonly Result[]): string {
  const names = results.filter((result) => !isComparable(result)).map(({ name }) => name)
  return names.length === 0 ? '' : `\n- Not decided, for too little was met: ${names.join(', ')}.`
}

const withPortfolio = (results: readonly Result[]): string =>
  verdicts(
    results
      .filter(isComparable)
      .map((result) => [
        `${result.name}, the portfolio needs ${number(portfolioRatio(result))} times the runs of ${best(result).strategy}`,
        portfolioRatio(result) <= TWICE,
        `portfolio on ${result.name}`,
      ]),
  ) + undecided(results)

export function documentOf({ programs, policies }: Results): string {
  const strategies = Object.keys(programs[0]?.cells ?? {})
  const published = programs.filter(demanded)
  const grown = published.filter(({ name }) => /^(reorder|twostage)/.test(name))
  const rows = (results: readonly Result[]): string[][] =>
    results.map((result) => [result.name, ...strategies.map((name) => told(result.cells[name]))])
  return `# Calibration of the strategies

How many schedules each strategy needs until it meets a bug: the mean over at least 20 trials, more where they are cheap.
\`>\` marks a lower bound: a trial that met nothing within 1,000 schedules of a program, or 4,000 of a policy, counts as
so many. \`npm run bench:calibration\` measures this anew, writes \`bench/calibration/results.json\` and this page; seeds
are fixed, so it comes out the same everywhere.

## Programs

The programs of SCTBench (Thomson, Donaldson and Betts, "Concurrency testing using controlled schedulers", TOPC 2016), each
written anew as a small guest in \`bench/calibration/\`. A step is a shared access, an operation on a mutex, or the creation,
beginning, end or joining of a thread. The published figures are those of "Greybox fuzzing for concurrency testing"
(ASPLOS 2024), means of 20 trials on the original C programs under instrumentation, where a run has more steps than here.
They are for the order of magnitude.

${table(
  ['program', ...strategies, 'published POS', 'PCT', 'reads-from feedback'],
  rows(programs).map((cells, i) => [...cells, ...publishedCells(programs[i])]),
)}

The best strategy needs no more schedules than the better of the published POS and PCT:

${verdicts(
  published.map((result) => [
    `${result.name}, ${best(result).strategy} needs ${number(best(result).mean)}, published ${number(demanded(result)!)}`,
    best(result).mean <= demanded(result)!,
    result.name,
  ]),
)}

On \`reorder_N\` and \`twostage_N\`, where POS and PCT fall behind as N grows, \`feedback\` is in the range of the published
reads-from feedback (at most twice its schedules):

${verdicts(
  grown.map((result) => [
    `${result.name}, ${number(result.cells['feedback'].mean)}, published ${number(result.published!.feedback!)}`,
    result.cells['feedback'].mean <= TWICE * result.published!.feedback!,
    `feedback on ${result.name}`,
  ]),
)}

The portfolio, which is the default, needs at most twice the schedules of the best single strategy:

${withPortfolio(programs)}

## Broken policies

The same of hunts with their default settings, which draw a workload for every 40 schedules. Where
workloads that can show the race are rare, all strategies need about as many. Where trials were cut off, strategies are
compared by all their schedules divided by the races that they met. Twenty races give that to about a fifth, so a ratio a
little above 2 cannot be told from 2. What is missed are races at which one strategy is far better than feedback: the
portfolio meets them at the pace of that strategy's share of the runs, if it is a member.

${table(['policy', ...strategies], rows(policies))}

${withPortfolio(policies)}
`
}
