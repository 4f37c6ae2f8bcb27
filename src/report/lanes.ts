/**
 * The lane diagram: one row a transition, one column for each vCPU, for the hypervisor, for each store buffer and page
 * walker that acts, for devices and their IOMMU, and for RCU. The row of the violation is marked, and the line under it
 * says what is wrong. Where a run goes round for ever, the rows of one turn have a bar, and the last says where it goes on.
 */
import type { Violation } from '../engine/system.ts'
import type { Row } from './story.ts'

/** No line of a diagram is wider, unless another width is asked for. */
const WIDTH = 200
/** Longer texts are cut, so that a diagram of two CPUs and a hypervisor fits a wide terminal. */
const LANE_WIDTH = 56
/** Lanes are made narrower than that where there are many, but not below this for the sake of the violation's name. */
const LEGIBLE = 16

const WALKER = (cpu: number): string => `walker of CPU${cpu}`
const BUFFER = (cpu: number): string => `stores of CPU${cpu}`
const TLB = (pcpu: number): string => `TLB of pCPU${pcpu}`
const RCU = 'RCU'
const HYPERVISOR = 'hypervisor'
const IOMMU = 'IOMMU'

/** The lane that a row is in. */
export function laneOf(row: Row, vcpus: number): string {
  const step = row.main
  if (step.role === 'iommu') return IOMMU
  if (row.cpu >= vcpus) return `device${row.cpu - vcpus}`
  if (step.role === 'walk' || step.role === 'speculation') return WALKER(row.cpu)
  if (step.role === 'drain') return BUFFER(row.cpu)
  if (step.role === 'hypercall' || step.role === 'hook') return HYPERVISOR
  if (step.role === 'broadcast') return TLB(row.cpu)
  if (step.role === 'host') return row.cpu < 0 ? RCU : HYPERVISOR
  return `CPU${row.cpu}`
}

/** What stands to the left of the rows' numbers: one text a row, and what it is headed. */
export interface Margin {
  readonly head: string
  readonly rows: readonly string[]
}

/** What a diagram has besides its rows. */
export interface Beside {
  readonly margin?: Margin | undefined
  /** How many of the last rows are taken again and again; 0 by default. */
  readonly cycle?: number | undefined
  /** Columns that there are: texts are cut to fit into them. Default 200. */
  readonly width?: number | undefined
}

/** Draws rows as lanes; `vcpus` columns are always there, others where something happens in them. */
export function drawLanes(
  rows: readonly Row[],
  vcpus: number,
  violation?: Violation,
  beside: Beside = {},
): string {
  const cells = rows.map((row) => {
    const shown = row.steps.filter(
      (step) => step.mover === 'none' || row.steps.every((each) => each.mover !== 'none'),
    )
    return { lane: laneOf(row, vcpus), text: shown.map((step) => step.text).join('; ') }
  })
  const used = new Set(cells.map(({ lane }) => lane))
  const cpus = Array.from({ length: vcpus }, (_, v) => v)
  const lanes = [
    ...cpus.map((v) => `CPU${v}`),
    ...[
      HYPERVISOR,
      ...cpus.map(BUFFER),
      ...cpus.map(WALKER),
      'device0',
      'device1',
      IOMMU,
      ...[0, 1, 2, 3, 4, 5].map(TLB),
      RCU,
    ].filter((lane) => used.has(lane)),
  ]
  return drawCells(cells, lanes, violation, beside)
}

/** What is done in a row, and by whom. */
export interface Cell {
  readonly lane: string
  readonly text: string
}

/** Draws cells below the lanes that they name. */
export function drawCells(
  cells: readonly Cell[],
  lanes: readonly string[],
  violation: Violation | undefined,
  { margin, cycle = 0, width = WIDTH }: Beside,
): string {
  const natural = lanes.map((lane) =>
    Math.max(0, ...cells.filter((cell) => cell.lane === lane).map(({ text }) => text.length)),
  )
  const indent =
    margin === undefined ? 0 : Math.max(margin.head.length, ...margin.rows.map((text) => text.length))
  const begins = cells.length - cycle
  const back = cycle === 0 ? '' : `, back to ${begins + 1}`
  const mark = violation === undefined ? '' : `  <== ${violation.invariant}${back}`

  /** The diagram with texts of at most so many columns; the mark has a line of its own if it is `below`. */
  const draw = (most: number, below: boolean): string[] => {
    const widths = lanes.map((lane, i) => Math.max(lane.length, Math.min(natural[i], most)))
    const line = (start: string, texts: (lane: string, width: number) => string, beside = ''): string =>
      `${beside.padEnd(indent)}${start.padEnd(6)}${lanes.map((lane, i) => texts(lane, widths[i]).padEnd(widths[i])).join('  ')}`.trimEnd()
    const rows = cells.map((cell, i) =>
      line(
        `${String(i + 1).padStart(4)}${i < begins ? '' : '|'}`,
        (lane, width) => (lane === cell.lane ? clip(cell.text, width) : ''),
        margin?.rows[i],
      ),
    )
    if (cycle > 0) rows.splice(begins, 0, '    ,- again and again, for ever:')
    const last = rows.pop()
    return [
      line('   #', (lane) => lane, margin?.head),
      line('    ', (_, width) => '-'.repeat(width)),
      ...rows,
      ...(last === undefined ? [] : below ? [last, clip(`    ${mark}`, width)] : [`${last}${mark}`]),
    ]
  }

  const fits = (lines: readonly string[]): boolean => lines.every((line) => line.length <= width)
  for (let most = LANE_WIDTH; most >= LEGIBLE; most--) {
    const lines = draw(most, false)
    if (fits(lines)) return lines.join('\n')
  }
  for (let most = LANE_WIDTH; ; most--) {
    const lines = draw(most, mark !== '')
    if (most === 1 || fits(lines)) return lines.join('\n')
  }
}

/** A text that is cut where it is wider than that. */
export const clip = (text: string, width = WIDTH): string =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text
