/**
 * The growth of a space as a picture: three panels (states, time, memory) over the number of CPUs, with logarithmic axes.
 * Plain SVG, drawn from the stored figures alone; its colours follow the reader's light or dark mode.
 */
import { tellMachine, type Machine } from '../this-machine.ts'
import { CPUS, type Limits, type Series } from './sizes.ts'

export interface Growth {
  readonly machine: Machine
  readonly date: string
  readonly limits: Limits
  readonly series: readonly Series[]
}

const PANEL = { width: 250, height: 250, left: 58, top: 84, gap: 34 }
const HEIGHT = 416
const MARK = 3.5
/** Colours for light and for dark mode, each readable on its ground; and how a line is broken, for those who see none. */
const STYLES = [
  { light: '#0b61c4', dark: '#6cb0ff', dash: '' },
  { light: '#b3470b', dark: '#ff9d5c', dash: '7 4' },
  { light: '#1a7f37', dark: '#56d364', dash: '2 3' },
  { light: '#8250df', dark: '#c297ff', dash: '9 3 2 3' },
  { light: '#9a6700', dark: '#e3b341', dash: '4 2' },
] as const

interface Quantity {
  readonly title: string
  readonly of: (point: Series['points'][number]) => number
  readonly tell: (value: number) => string
}

const scaled = (units: readonly string[], value: number): string => {
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(value) / 3 + 1e-9)))
  return `${Number((value / 1000 ** step).toPrecision(3))}${units[step]}`
}

const quantities: readonly Quantity[] = [
  { title: 'states', of: ({ states }) => states, tell: (v) => scaled(['', ' k', ' M', ' G'], v) },
  {
    title: 'CPU seconds',
    of: ({ seconds }) => seconds,
    tell: (v) => (v < 1 ? `${Math.round(v * 1000)} ms` : `${v} s`),
  },
  { title: 'peak memory', of: ({ bytes }) => bytes, tell: (v) => scaled([' B', ' kB', ' MB', ' GB'], v) },
]

export function plot({ machine, date, limits, series }: Growth): string {
  const width = PANEL.left + quantities.length * (PANEL.width + PANEL.gap + PANEL.left) - PANEL.left
  const body = [
    text(
      PANEL.left,
      24,
      'The seed race, IPI, 1 round, 2 preemptions, searched exhaustively',
      'start',
      'title',
    ),
    ...legend(series),
    ...quantities.flatMap((quantity, i) =>
      panel(quantity, PANEL.left + i * (PANEL.width + PANEL.gap + PANEL.left), series),
    ),
    text(PANEL.left, HEIGHT - 28, tellLimits(machine, date, limits), 'start', 'small'),
    text(PANEL.left, HEIGHT - 12, tellGivenUp(series), 'start', 'small'),
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT}" role="img" aria-labelledby="what">`,
    `<title id="what">States, time and memory of an exhaustive search by number of CPUs</title>`,
    `<style>${css(series.length)}</style>`,
    ...body,
    '</svg>\n',
  ].join('\n')
}

function css(count: number): string {
  const used = STYLES.slice(0, count)
  const colours = (mode: 'light' | 'dark', ink: string, faint: string): string =>
    [
      `text{fill:${ink}}.axis{stroke:${ink}}.grid{stroke:${faint}}`,
      ...used.map((style, i) => `.s${i}{stroke:${style[mode]};color:${style[mode]}}`),
    ].join('')
  return [
    'text{font:12px system-ui,sans-serif}.title{font-size:15px;font-weight:600}.small{font-size:11px}',
    'line,path{fill:none;stroke-width:1}.curve{stroke-width:2}.mark{fill:currentColor}',
    colours('light', '#1f2328', '#d1d9e0'),
    `@media(prefers-color-scheme:dark){${colours('dark', '#e6edf3', '#3d444d')}}`,
  ].join('')
}

const tellLimits = (machine: Machine, date: string, { seconds, mebibytes }: Limits): string =>
  `${tellMachine(machine)}; ${date}. A way is given up beyond ${seconds} CPU seconds or ${mebibytes} MiB.`

const tellGivenUp = (series: readonly Series[]): string =>
  series
    .flatMap(({ title, gaveUp }) =>
      gaveUp === undefined ? [] : [`${title} gave up at ${gaveUp.cpus} CPUs: ${gaveUp.why}.`],
    )
    .join(' ')

function legend(series: readonly Series[]): string[] {
  const room = 190
  return series.flatMap(({ title }, i) => {
    const x = PANEL.left + i * room
    const y = 46
    return [
      `<path class="curve s${i}"${dashOf(i)} d="M${x} ${y}h28"/>`,
      mark(i, x + 14, y),
      text(x + 36, y + 4, title),
    ]
  })
}

function panel({ title, of, tell }: Quantity, left: number, series: readonly Series[]): string[] {
  const values = series.flatMap(({ points }) => points.map(of))
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))
  const bottom = PANEL.top + PANEL.height
  const step = PANEL.width / (CPUS.length - 1)
  const x = (cpus: number): number => round(left + (cpus - CPUS[0]) * step)
  const y = (value: number): number =>
    round(bottom - ((Math.log10(value) - low) / (high - low)) * PANEL.height)
  const decades = Array.from({ length: high - low + 1 }, (_, i) => Number(`1e${low + i}`))
  return [
    text(left, PANEL.top - 12, title, 'start', 'label'),
    ...decades.flatMap((value) => [
      line('grid', left, y(value), left + PANEL.width, y(value)),
      text(left - 6, y(value) + 4, tell(value), 'end'),
    ]),
    line('axis', left, bottom, left + PANEL.width, bottom),
    ...CPUS.map((cpus) => text(x(cpus), bottom + 18, String(cpus), 'middle')),
    text(left + PANEL.width / 2, bottom + 36, 'CPUs', 'middle'),
    ...series.flatMap(({ points }, i) => {
      const at = points.map((point) => [x(point.cpus), y(of(point))] as const)
      return [
        `<path class="curve s${i}"${dashOf(i)} d="M${at.map((xy) => xy.join(' ')).join('L')}"/>`,
        ...at.map(([px, py]) => mark(i, px, py)),
      ]
    }),
  ]
}

const round = (value: number): number => Math.round(value * 10) / 10

const dashOf = (i: number): string => (STYLES[i].dash === '' ? '' : ` stroke-dasharray="${STYLES[i].dash}"`)

/** A circle or a square, in turn. */
const mark = (i: number, x: number, y: number): string =>
  i % 2 === 0
    ? `<circle class="mark s${i}" cx="${x}" cy="${y}" r="${MARK}"/>`
    : `<rect class="mark s${i}" x="${round(x - MARK)}" y="${round(y - MARK)}" width="${2 * MARK}" height="${2 * MARK}"/>`

const line = (kind: string, x1: number, y1: number, x2: number, y2: number): string =>
  `<line class="${kind}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

const text = (x: number, y: number, words: string, anchor = 'start', kind = ''): string =>
  `<text${kind === '' ? '' : ` class="${kind}"`} x="${x}" y="${y}" text-anchor="${anchor}">${words.replaceAll(/[&<>]/g, (c) => ESCAPES[c])}</text>`
