/**
 * The figures that are kept in docs/performance.json, each report with the machine and the day, and the tables of
 * docs/performance.md and of the README that are made of them. A test holds the documents against the figures.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMet, tellBound, tellCell, type Report, type Row } from './report.ts'
import { tellMachine, thisMachine, today, type Machine } from './this-machine.ts'

export interface Stored extends Report {
  readonly machine: Machine
  readonly date: string
}

const root = join(import.meta.dirname, '..')
const FIGURES = join(root, 'docs/performance.json')
/** Documents with tables between `<!-- begin NAME -->` and `<!-- end NAME -->`. */
export const DOCUMENTS = ['docs/performance.md', 'README.md']
/** All floors, of the reports in this order. */
const FLOORS = 'floors'
const ORDER = ['exhaustive', 'verdict', 'random', 'machine']

export const readFigures = (): Record<string, Stored> =>
  JSON.parse(readFileSync(FIGURES, 'utf8')) as Record<string, Stored>

export const readDocument = (name: string): string => readFileSync(join(root, name), 'utf8')

/** Keeps reports in place of those of the same names, and brings the documents up to date. */
export function store(reports: Readonly<Record<string, Report>>): void {
  const figures = readFigures()
  for (const [name, report] of Object.entries(reports)) {
    const rounded = JSON.parse(JSON.stringify(report, round)) as Report
    figures[name] = { machine: thisMachine(), date: today(), ...rounded }
  }
  writeFileSync(FIGURES, JSON.stringify(figures, null, 2) + '\n')
  for (const name of DOCUMENTS) writeFileSync(join(root, name), filled(readDocument(name), figures))
}

/** A document with its tables made of these figures. */
export const filled = (document: string, figures: Readonly<Record<string, Stored>>): string =>
  document.replaceAll(
    /<!-- begin ([\w-]+) -->\n.*?<!-- end \1 -->/gs,
    (_all, name: string) => `<!-- begin ${name} -->\n${tableOf(name, figures)}\n<!-- end ${name} -->`,
  )

function tableOf(name: string, figures: Readonly<Record<string, Stored>>): string {
  if (name === FLOORS) return markdown(floorRows(figures))
  const stored = figures[name]
  if (stored === undefined) return 'Not measured yet.'
  const { about, machine, date, rows } = stored
  return `${about}. ${tellMachine(machine)}; ${date}.\n\n${markdown(rows)}`
}

const floorRows = (figures: Readonly<Record<string, Stored>>): Row[] =>
  ORDER.flatMap((name) => figures[name]?.floors ?? []).map((floor) => ({
    what: floor.what,
    measured: floor.value === undefined ? 'not measured' : tellCell(floor.value),
    floor: tellBound(floor),
    '': isMet(floor) === undefined ? floor.notMeasured! : isMet(floor) ? 'met' : 'missed',
  }))

function markdown(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const isText = (column: string): boolean => rows.some((row) => typeof row[column] === 'string')
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    line(columns),
    line(columns.map((column) => (isText(column) ? '---' : '--:'))),
    ...rows.map((row) => line(columns.map((column) => tellCell(row[column] ?? '').replaceAll('|', '\\|')))),
  ].join('\n')
}

/** Four significant digits are kept: more are noise. */
const round = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value
