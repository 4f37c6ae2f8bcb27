/**
 * The lane diagram: one row a transition, one column for each vCPU, for the hypervisor, for each page walker that
 * acts, and for RCU. The row of the violation is marked, and the line under it says what is wrong.
 */
import type { Violation } from '../engine/system.ts'
import type { Row, Told } from './story.ts'

/** Longer texts are cut, so that a diagram of two CPUs and a hypervisor fits a wide terminal. */
const LANE_WIDTH = 56

const WALKER = (cpu: number): string => `walker of CPU${cpu}`
const TLB = (pcpu: number): string => `TLB of pCPU${pcpu}`
const RCU = 'RCU'
const HYPERVISOR = 'hypervisor'

function laneOf(row: Row, step: Told): string {
  if (step.role === 'walk' || step.role === 'speculation') return WALKER(row.cpu)
  if (step.role === 'hypercall' || step.role === 'hook') return HYPERVISOR
  if (step.role === 'broadcast') return TLB(row.cpu)
  if (step.role === 'host') return row.cpu < 0 ? RCU : HYPERVISOR
  return `CPU${row.cpu}`
}

/** Draws rows as lanes; `vcpus` columns are always there, others where something happens in them. */
export function drawLanes(rows: readonly Row[], vcpus: number, violation?: Violation): string {
  const cells = rows.map((row) => {
    const shown = row.steps.filter(
      (step) => step.mover === 'none' || row.steps.every((each) => each.mover !== 'none'),
    )
    return { lane: laneOf(row, row.main), text: clip(shown.map((step) => step.text).join('; ')) }
  })
  const used = new Set(cells.map(({ lane }) => lane))
  const cpus = Array.from({ length: vcpus }, (_, v) => v)
  const lanes = [
    ...cpus.map((v) => `CPU${v}`),
    ...[HYPERVISOR, ...cpus.map(WALKER), ...[0, 1, 2, 3, 4, 5].map(TLB), RCU].filter((lane) =>
      used.has(lane),
    ),
  ]
  const widths = lanes.map((lane) =>
    Math.max(lane.length, ...cells.filter((cell) => cell.lane === lane).map(({ text }) => text.length)),
  )
  const number = (n: number): string => String(n).padStart(4)
  const line = (start: string, texts: (lane: string) => string): string =>
    `${start}  ${lanes.map((lane, i) => texts(lane).padEnd(widths[i])).join('  ')}`.trimEnd()
  const lines = [
    line('   #', (lane) => lane),
    line('    ', (lane) => '-'.repeat(widths[lanes.indexOf(lane)])),
    ...cells.map((cell, i) => {
      const drawn = line(number(i + 1), (lane) => (lane === cell.lane ? cell.text : ''))
      return violation !== undefined && i === cells.length - 1
        ? `${drawn}  <== ${violation.invariant}`
        : drawn
    }),
  ]
  return lines.join('\n')
}

const clip = (text: string): string => (text.length > LANE_WIDTH ? `${text.slice(0, LANE_WIDTH - 1)}…` : text)
