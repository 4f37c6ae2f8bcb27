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

/** The strategy that needs the fewest runs, the portfolio aside. */
export function best({ cells }: Result): { readonly strategy: string; readonly mean: number } {
  const single = Object.entries(cells).filter(([name]) => name !== 'portfolio')
  const [strategy, { mean }] = single.toSorted(([, a], [, b]) => a.mean - b.mean)[0]
  return { strategy, mean }
}

/** The better of the published POS and PCT. */
export const demanded = ({ published }: Result): number | undefined =>
  published && Math.min(published.pos ?? Infinity, published.pct ?? Infinity)

/** How many times the runs of the best single strategy the portfolio needs; exact if {@link isExact}. */
export const portfolioRatio = (result: Result): number => result.cells['portfolio'].mean / best(result).mean

/** True if neither the portfolio nor the best single strategy has missed anything: their means are no lower bounds. */
export const isExact = (result: Result): boolean =>
  result.cells['portfolio'].missed === 0 && result.cells[best(result).strategy].missed === 0
