/**
 * A table of what is known of litmus tests: one line a test, separated by tabs, with a header line that names the
 * columns `path`, `verdict`, `keys` (what is observed) and `states` (all reachable final states, values in the order of
 * the keys).
 */
import { fail } from '../errors.ts'
import { readTable } from '../table.ts'
import { takeKey, type Key } from './condition.ts'
import { Text } from './text.ts'

export interface Row {
  /** As it is written in the table. */
  readonly path: string
  readonly verdict: string
  /** The keys as they are written. */
  readonly keys: string
  /** The states as they are written. */
  readonly states: readonly string[]
}

const COLUMNS = ['path', 'verdict', 'keys', 'states'] as const
const VERDICTS = ['Allow', 'Forbid', 'Require']

/** Reads a table; `file` is named in complaints. */
export function parseVerdicts(file: string, raw: string): Row[] {
  const { columns, rows } = readTable(raw)
  const missing = COLUMNS.find((name) => !columns.includes(name))
  if (missing !== undefined) throw fail.litmusVerdicts(file, `the header has no column "${missing}"`)
  return rows.map(({ line, cell }) => {
    const [path, verdict, keys, states] = COLUMNS.map(cell)
    if (!VERDICTS.includes(verdict))
      throw fail.litmusVerdicts(file, `line ${line} has the verdict "${verdict}", not ${VERDICTS.join(', ')}`)
    if (path === '' || (keys === '') !== (states === ''))
      throw fail.litmusVerdicts(file, `line ${line} has an empty column`)
    return { path, verdict, keys, states: states.split(/\s+/) }
  })
}

/** The keys of a row. */
export function keysOfRow(file: string, { path, keys }: Row): Key[] {
  const text = new Text(`${file} (${path})`, keys)
  const all: Key[] = []
  while (!text.ended) all.push(takeKey(text))
  return all
}
