/** The results of a calibration, as they are kept, and what is demanded of them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Published } from './program.ts'
import type { Cell } from './trials.ts'

/** A program or a policy: its trials by strategy. */
export interface Result {
  readonly name: string
  /** Absent where nothing is published; `pos` or `pct` is absent where nothing was found. */
  readonly published?: Partial<Published>
  readonly cells: Readonly<Record<string, Cell>>
}

export interface Results {
  readonly programs: readonly Result[]
  readonly policies: readonly Result[]
}

export const RESULTS = join(import.meta.dirname, 'results.json')

export const readResults = (): Results => JSON.parse(readFileSync(RESULTS, 'utf8')) as Results

/**
 * The mean that is expected where some trials were cut off: all runs, by the bugs that were met in them. Infinity where
 * there was none.
 */
export const expectedMean = ({ mean, trials, missed }: Cell): number => (mean * trials) / (trials - missed)

/** The strategy that needs the fewest runs, the portfolio aside. */
export function best({ cells }: Result): { readonly strategy: string; readonly mean: number } {
  const single = Object.keys(cells).filter((name) => name !== 'portfolio')
  const [strategy] = single.toSorted((a, b) => expectedMean(cells[a]) - expectedMean(cells[b]))
  return { strategy, mean: expectedMean(cells[strategy]) }
}

/** The better of the published POS and PCT. */
export const demanded = ({ published }: Result): number | undefined =>
  published && Math.min(published.pos ?? Infinity, published.pct ?? Infinity)

/** How many times the runs of the best single strategy the portfolio needs. */
export const portfolioRatio = (result: Result): number =>
  expectedMean(result.cells['portfolio']) / best(result).mean

/** Bugs that must have been met for a mean to be told from its double. */
const FEWEST_HITS = 10

/** True if the portfolio and the best single strategy have met enough to be compared. */
export function isComparable(result: Result): boolean {
  const cells = [result.cells['portfolio'], result.cells[best(result).strategy]]
  return cells.every(({ trials, missed }) => trials - missed >= FEWEST_HITS)
}
