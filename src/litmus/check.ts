/**
 * Checks a folder of litmus tests against a table of what is known of them: the set of reachable final states of each
 * must be the one in the table. A test that cannot be read or run is named with the reason, and the rest goes on.
 */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fail, ShootdownError } from '../errors.ts'
import { parseLitmus, type LitmusTest } from './parse.ts'
import { runLitmus, stateOf, type LitmusResult } from './run.ts'
import { numberOf, NUMBER } from './text.ts'
import { keysOfRow, parseVerdicts, type Row } from './verdicts.ts'

export interface Unequal {
  readonly path: string
  /** States of the table that this machine does not reach. */
  readonly missing: readonly string[]
  /** States that it reaches and that are not in the table. */
  readonly extra: readonly string[]
  /** What the table says of the condition, and what was found. */
  readonly verdict: { readonly expected: string; readonly found: string }
}

export interface Checked {
  /** Tests that were compared, or that should have been. */
  readonly tests: number
  readonly equal: number
  readonly unequal: readonly Unequal[]
  readonly failed: readonly { readonly path: string; readonly reason: string }[]
  /** Rows of the table that there is no file for. */
  readonly rowsWithoutFile: readonly string[]
  /** Files that there is no row for; they are not run. */
  readonly filesWithoutRow: readonly string[]
}

export interface CheckOptions {
  /** States of one test, at most. */
  readonly maxStates?: number
  /** Asked before each test; true ends the check early. */
  readonly stop?: () => boolean
  readonly onProgress?: (done: number, of: number) => void
}

/** The litmus tests under a folder, by their paths in it, in a fixed order. */
export function litmusFiles(dir: string): string[] {
  if (!existsSync(dir) || !statSync(dir).isDirectory())
    throw fail.litmusFolder(dir, 'there is no such folder')
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.litmus'))
    .map((path) => path.split(sep).join('/'))
    .toSorted()
  if (files.length === 0) throw fail.litmusFolder(dir, 'it holds no tests')
  return files
}

/** Reads the test at `path` in a folder; complaints name the path. */
export const readLitmus = (dir: string, path: string): LitmusTest =>
  parseLitmus(path, readFileSync(join(dir, path), 'utf8'))

/**
 * Compares the tests under `dir` with a table. The paths in the table are relative to its own folder, or where there is
 * no such file, to `dir`. Rows about files outside `dir` do not count.
 */
export function checkFolder(dir: string, verdictsFile: string, options: CheckOptions = {}): Checked {
  if (!existsSync(verdictsFile)) throw fail.litmusVerdicts(verdictsFile, 'there is no such file')
  const paths = litmusFiles(dir)
  const rows = new Map<string, Row>()
  const rowsWithoutFile: string[] = []
  for (const row of parseVerdicts(verdictsFile, readFileSync(verdictsFile, 'utf8'))) {
    const file = [dirname(verdictsFile), dir].map((base) => resolve(base, row.path)).find(existsSync)
    if (file === undefined) rowsWithoutFile.push(row.path)
    else rows.set(relative(dir, file).split(sep).join('/'), row)
  }
  const compared = paths.filter((path) => rows.has(path))
  if (compared.length === 0) throw fail.litmusVerdicts(verdictsFile, `no row is about a test under ${dir}`)
  const unequal: Unequal[] = []
  const failed: { path: string; reason: string }[] = []
  let equal = 0
  let done = 0
  for (const path of compared) {
    if (options.stop?.() === true) break
    try {
      const difference = compare(dir, path, rows.get(path)!, verdictsFile, options)
      if (difference === undefined) equal++
      else unequal.push(difference)
    } catch (cause) {
      if (!(cause instanceof ShootdownError)) throw cause
      failed.push({ path, reason: cause.message })
    }
    done++
    options.onProgress?.(done, compared.length)
  }
  const filesWithoutRow = paths.filter((path) => !rows.has(path))
  return { tests: done, equal, unequal, failed, rowsWithoutFile, filesWithoutRow }
}

/** How a test differs from its row, or undefined. */
function compare(
  dir: string,
  path: string,
  row: Row,
  verdictsFile: string,
  { maxStates }: CheckOptions,
): Unequal | undefined {
  const keys = keysOfRow(verdictsFile, row)
  const result = runLitmus(readLitmus(dir, path), { keys, ...(maxStates === undefined ? {} : { maxStates }) })
  const known = new Set(row.states.map((state) => canonical(state, result)))
  const missing = [...known].filter((state) => !result.states.has(state))
  const extra = [...result.states].filter((state) => !known.has(state))
  if (missing.length + extra.length === 0 && result.verdict === row.verdict) return undefined
  return { path, missing, extra, verdict: { expected: row.verdict, found: result.verdict } }
}

/** A state of the table as this machine writes it, whatever way its numbers are written in; others are left as they are. */
function canonical(state: string, { cut }: LitmusResult): string {
  const texts = state.split(',')
  const number = new RegExp(`^${NUMBER.source}$`)
  return texts.every((text) => number.test(text)) ? stateOf(texts.map((text) => cut(numberOf(text)))) : state
}
