/**
 * How results are shown: plain tables for people, one JSON object for programs, and whether each floor is met. A floor
 * that is missed is said, not punished: what fails a build is decided elsewhere.
 */
import type { Machine } from './this-machine.ts'

/** Cells by the name of their column. */
export type Row = Readonly<Record<string, string | number>>

export interface Floor {
  readonly what: string
  readonly value?: number
  /** Why there is no value. */
  readonly notMeasured?: string
  /** `value` must reach it, or must not exceed it. */
  readonly atLeast?: number
  readonly atMost?: number
}

export interface Report {
  readonly title: string
  /** What was measured, in a line or two. */
  readonly about: string
  readonly rows: readonly Row[]
  readonly floors: readonly Floor[]
}

/** Undefined where nothing was measured. */
export const isMet = ({ value, atLeast = -Infinity, atMost = Infinity }: Floor): boolean | undefined =>
  value === undefined ? undefined : value >= atLeast && value <= atMost

/** Three significant digits below a thousand, whole numbers above. */
export function tellCell(cell: string | number): string {
  if (typeof cell === 'string') return cell
  if (Number.isInteger(cell) || Math.abs(cell) >= 1000) return Math.round(cell).toLocaleString('en')
  return cell.toPrecision(3)
}

/** Text to the left, numbers to the right, two spaces in between. */
export function tellTable(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const lines = [columns, ...rows.map((row) => columns.map((column) => tellCell(row[column] ?? '')))]
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i].length)))
  const isText = columns.map((column) => rows.some((row) => typeof row[column] === 'string'))
  const tellLine = (line: readonly string[]): string =>
    line.map((cell, i) => (isText[i] ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')
  return lines.map((line) => tellLine(line).trimEnd()).join('\n')
}

export function tellFloor(floor: Floor): string {
  const { what, value, notMeasured } = floor
  if (value === undefined) return `not measured: ${what} (${notMeasured}; floor: ${tellBound(floor)})`
  return `${isMet(floor) ? 'met' : 'MISSED'}: ${what} ${tellCell(value)} (floor: ${tellBound(floor)})`
}

export const tellBound = ({ atLeast, atMost }: Floor): string =>
  atLeast === undefined ? `at most ${tellCell(atMost!)}` : `at least ${tellCell(atLeast)}`

export const tellReport = ({ title, about, rows, floors }: Report): string =>
  [title, about, '', tellTable(rows), ...floors.map(tellFloor), ''].join('\n')

const jsonReport = ({ title, about, rows, floors }: Report): object => ({
  title,
  about,
  rows,
  floors: floors.map((floor) => ({ ...floor, met: isMet(floor) })),
})

/** All reports of a run as one object. */
export function jsonReports(machine: Machine, reports: Readonly<Record<string, Report>>): string {
  const each = Object.entries(reports).map(([name, report]) => [name, jsonReport(report)])
  return JSON.stringify({ machine, reports: Object.fromEntries(each) }, null, 2)
}
