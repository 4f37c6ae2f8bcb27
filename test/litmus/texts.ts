/** Litmus tests as texts, written for these tests. */
import { parseLitmus, type LitmusTest } from '../../src/litmus/parse.ts'
import { runLitmus } from '../../src/litmus/run.ts'

/** A test in Intel form: rows of the program, and what comes after it. */
export const intel = (rows: readonly string[], end: string, initial = ''): string =>
  ['X86 mine', `{ ${initial} }`, ...rows.map((row) => `${row} ;`), end, ''].join('\n')

/** The same in AT&T form. */
export const att = (rows: readonly string[], end: string, initial = ''): string =>
  intel(rows, end, initial).replace('X86', 'X86_64')

export const read = (text: string): LitmusTest => parseLitmus('mine.litmus', text)

/** Verdict and sorted final states of a test. */
export function ran(text: string): { verdict: string; keys: readonly string[]; states: string[] } {
  const { verdict, keys, states } = runLitmus(read(text))
  return { verdict, keys, states: [...states].toSorted() }
}
