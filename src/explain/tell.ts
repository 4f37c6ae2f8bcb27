/**
 * An explanation in words: a mark for each step in the margin of the lane diagram, and below it what the marks mean, the
 * pairs of steps whose order is the bug, and how many orders fail.
 */
import { clip, laneOf } from '../report/lanes.ts'
import { diagramRows, type Notes } from '../report/race.ts'
import type { Race } from '../scenario/race.ts'
import type { Explained, Explanation } from './explain.ts'
import type { Generalized, OrderedPair } from './generalize.ts'
import { isEstablished, type NotEstablished } from './limits.ts'
import type { Mark } from './marks.ts'

const LEGEND = [
  'E essential: without this step nothing breaks.   O its order matters.   V its result matters.',
  '- irrelevant: dropped, moved, or told another result, the same breaks.   blank: cannot be otherwise.',
]
const UNKNOWN_ORDER = '? not established'

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
  const teller = new Teller(race)
  const marks = explained?.marks
  const parts = [
    ...(marks === undefined ? [] : [tellLegend(marks)]),
    ...(explained === undefined ? [] : [teller.edges(explained.edges)]),
    ...(generalized === undefined ? [] : [teller.general(generalized, explained !== undefined)]),
  ]
  return {
    margin:
      marks !== undefined && isEstablished(marks) ? { head: 'EOV', rows: marks.map(tellMark) } : undefined,
    below: parts.flatMap((part, i) => (i === 0 ? part : ['', ...part])),
  }
}

function tellLegend(marks: Explained['marks']): string[] {
  if (!isEstablished(marks)) return [`What matters in each step is not established: ${marks.notEstablished}.`]
  const [meant, not] = LEGEND
  return marks.some(({ order }) => order === 'not established')
    ? [meant, `${not}   ${UNKNOWN_ORDER}.`]
    : [meant, not]
}

/** Tells pairs of a race's steps. */
class Teller {
  private readonly invariant: string
  private readonly steps: readonly string[]

  constructor(race: Race) {
    this.invariant = race.violation.invariant
    this.steps = diagramRows(race).map((row) => `${laneOf(row, race.bounds.vcpus)}: ${row.main.text}`)
  }

  edges(edges: Explained['edges']): string[] {
    if (!isEstablished(edges)) return [`Which order is the bug is not established: ${edges.notEstablished}.`]
    if (edges.length === 0)
      return ['No two of these steps can be done the other way round: without the bug, other steps are done.']
    const sentence = `no order of the same steps violates ${this.invariant}:`
    return [
      `The bug is this order; with any of these the other way round, ${sentence}`,
      ...edges.map((edge) => this.pair(edge)),
    ]
  }

  /** `afterEdges`: the pairs that are a race have just been told. */
  general(general: Generalized | NotEstablished, afterEdges: boolean): string[] {
    if (!isEstablished(general))
      return [`How many orders fail is not established: ${general.notEstablished}.`]
    const { orders, failing, extensions, pairs } = general
    if (failing === orders) return [`Every order of these steps fails: ${counted(orders)}.`]
    const races = pairs.filter(({ why }) => why === 'race')
    const causes = pairs.filter(({ why }) => why === 'cause')
    const listed = afterEdges ? causes : [...races, ...causes]
    const kept = [
      ...(afterEdges && races.length > 0 ? ['the pairs above'] : []),
      ...(listed.length === 0 ? [] : [afterEdges ? 'these, which cannot be otherwise' : 'these pairs']),
    ].join(' and to ')
    const all =
      failing === 1n ? 'it is the one order that keeps to' : 'they are exactly the orders that keep to'
    const claim =
      failing === extensions
        ? `${all} ${kept}`
        : `they keep to ${kept}, but so do others: ${counted(failing)} of ${counted(extensions)} linear extensions fail`
    return [
      `${counted(failing)} of the ${counted(orders)} orders of these steps ${failing === 1n ? 'fails' : 'fail'}; ${claim}${listed.length > 0 ? ':' : '.'}`,
      ...listed.map((pair) => this.pair(pair, !afterEdges && pair.why === 'cause')),
    ]
  }

  private pair({ before, after }: OrderedPair, isCause = false): string {
    const numbers = `${String(before).padStart(4)} before ${String(after).padStart(2)}`
    const cause = isCause ? '  (cannot be otherwise)' : ''
    return clip(`${numbers}   ${this.steps[before - 1]}, then ${this.steps[after - 1]}${cause}`)
  }
}

const counted = (n: bigint): string => n.toLocaleString('en')
