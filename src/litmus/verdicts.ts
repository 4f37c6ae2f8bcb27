/**
 * A table of what is known of litmus tests: one line a test, separated by tabs, with a header line that names the
 * columns `path`, `verdict`, `keys` (what is observed) and `states` (all reachable final states, values in the order of
 * the keys).
 */
import { fail } from '../errors.ts'
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
  const [head = '', ...lines] = raw.replaceAll('\r', '').split('\n')
  const header = head.split('\t').map((name) => name.trim())
  const missing = COLUMNS.find((name) => !header.includes(name))
  if (missing !== undefined) throw fail.litmusVerdicts(file, `the header has no column "${missing}"`)
  return lines.flatMap((line, i) => {
    if (line.trim() === '') return []
    const cells = line.split('\t')
    const cell = (name: (typeof COLUMNS)[number]): string => (cells[header.indexOf(name)] ?? '').trim()
    if (!VERDICTS.includes(cell('verdict')))
      throw fail.litmusVerdicts(
        file,
        `line ${i + 2} has the verdict "${cell('verdict')}", not ${VERDICTS.join(', ')}`,
      )
    if (cell('path') === '' || (cell('keys') === '') !== (cell('states') === ''))
      throw fail.litmusVerdicts(file, `line ${i + 2} has an empty column`)
    const states = cell('states').split(/\s+/)
    return [{ path: cell('path'), verdict: cell('verdict'), keys: cell('keys'), states }]
  })
}

/** The keys of a row. */
export function keysOfRow(file: string, { path, keys }: Row): Key[] {
  const text = new Text(`${file} (${path})`, keys)
  const all: Key[] = []
  while (!text.ended) all.push(takeKey(text))
  return all
}
