/**
 * An explanation in words: a mark for each step in the margin of the lane diagram, and below it what the marks mean, the
 * pairs of steps whose order is the bug, and how many orders fail.
 */
import { laneOf } from '../report/lanes.ts'
import { diagramRows, type Notes } from '../report/race.ts'
import type { Race } from '../scenario/race.ts'
import type { Explained, Explanation } from './explain.ts'
import type { Generalized, OrderedPair } from './generalize.ts'
import { isEstablished, type NotEstablished } from './limits.ts'
import type { Mark } from './marks.ts'

const LEGEND = [
  'E essential: without this step nothing breaks.   O its order matters.   V what it reads matters.',
  '- does not matter: dropped, taken elsewhere, or told another value, the same breaks.   blank: it cannot be otherwise.',
]

/** `EOV`: what of a step matters; `-` is what does not, a blank what cannot be otherwise, `?` what is not established. */
export function tellMark({ essential, order, value }: Mark): string {
  return [
    essential ? 'E' : '-',
    { matters: 'O', irrelevant: '-', fixed: ' ', 'not established': '?' }[order],
    { matters: 'V', irrelevant: '-', none: ' ' }[value],
  ].join('')
}

/** What stands beside the lanes of a race and below them, of as much of its explanation as is given. */
export function notesOf(race: Race, { explained, generalized }: Partial<Explanation>): Notes {
  const tellPair = pairTeller(race)
  const marks = explained?.marks
  const parts = [
    ...(explained === undefined ? [] : tellExplained(explained, tellPair)),
    ...(generalized === undefined ? [] : [tellGeneralized(generalized, explained !== undefined, tellPair)]),
  ]
  return {
    margin:
      marks !== undefined && isEstablished(marks) ? { head: 'EOV', rows: marks.map(tellMark) } : undefined,
    below: parts.flatMap((part, i) => (i === 0 ? part : ['', ...part])),
  }
}

function tellExplained({ marks, edges }: Explained, tellPair: (pair: OrderedPair) => string): string[][] {
  return [
    isEstablished(marks) ? LEGEND : [`Marks: not established; ${marks.notEstablished}.`],
    isEstablished(edges)
      ? tellEdges(edges, tellPair)
      : [`Pairs of steps whose order is the bug: not established; ${edges.notEstablished}.`],
  ]
}

function tellEdges(edges: readonly OrderedPair[], tellPair: (pair: OrderedPair) => string): string[] {
  if (edges.length === 0)
    return [
      'No two steps of different actors could come the other way round: what is done is the bug, not when.',
    ]
  return [
    'The bug is this order; with any of these the other way round, no order of the same steps breaks anything:',
    ...edges.map(tellPair),
  ]
}

/** `above`: the pairs that are a race have been told already. */
function tellGeneralized(
  general: Generalized | NotEstablished,
  above: boolean,
  tellPair: (pair: OrderedPair) => string,
): string[] {
  if (!isEstablished(general)) return [`Failing orders: not established; ${general.notEstablished}.`]
  const { orders, failing, extensions, pairs } = general
  if (failing === orders) return [`Every order of these steps fails: ${counted(orders)}.`]
  const races = pairs.filter(({ why }) => why === 'race')
  const causes = pairs.filter(({ why }) => why === 'cause')
  const shown = above ? causes : [...races, ...causes]
  const which = [
    ...(above && races.length > 0 ? ['the pairs above'] : []),
    ...(shown.length > 0 ? [above ? 'these, which cannot be otherwise' : 'these pairs'] : []),
  ].join(' and to ')
  const claim =
    failing === extensions
      ? `they are exactly the orders that keep to ${which}`
      : `they keep to ${which}, but so do others: ${counted(failing)} of ${counted(extensions)} linear extensions fail`
  return [
    `${counted(failing)} of the ${counted(orders)} orders of these steps ${failing === 1n ? 'fails' : 'fail'}; ${claim}${shown.length > 0 ? ':' : '.'}`,
    ...shown.map(
      (pair) => `${tellPair(pair)}${!above && pair.why === 'cause' ? '  (cannot be otherwise)' : ''}`,
    ),
  ]
}

const counted = (n: bigint): string => n.toLocaleString('en')

/** `   2 before   4   CPU1: read PMD[0] ..., before CPU0: clear PMD[0] ...` */
function pairTeller(race: Race): (pair: OrderedPair) => string {
  const steps = diagramRows(race).map((row) => `${laneOf(row, race.bounds.vcpus)}: ${row.main.text}`)
  const number = (step: number): string => String(step).padStart(4)
  return ({ before, after }) =>
    `${number(before)} before${number(after)}   ${steps[before - 1]}, before ${steps[after - 1]}`
}
