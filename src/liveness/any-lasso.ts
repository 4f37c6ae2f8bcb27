/**
 * A lasso without a claim that it is the smallest: the shortest way to where it begins, which is the nearest state of a
 * fair component; then from one duty that has to be settled to the next, each by the shortest way, and home.
 */
import type { Graph } from './graph.ts'
import type { Loop } from './shortest-lasso.ts'

/** Whether a way may go along an edge. */
type May = (edge: number) => boolean
/** Whether a way ends in a state, to which an edge has led; -1 before the first. */
type Ends = (state: number, edge: number) => boolean

/** A lasso into a state in which nobody can move. */
export const stuckIn = (graph: Graph, state: number): Loop => ({
  stem: transitions(graph, wayTo(graph, state)),
  cycle: new Int32Array(0),
})

/** A lasso that goes round in a fair component. */
export function roundIn(graph: Graph, component: readonly number[]): Loop {
  const { duties, duty, target, owed } = graph
  // States are numbered in the order of their distance from the beginning.
  const head = component.reduce((least, state) => Math.min(least, state))
  const members = new Set(component)
  const inside: May = (edge) => graph.canRepeat(edge) && members.has(target[edge])
  const cycle: number[] = []
  const follow = (ends: Ends): void => {
    const at = cycle.length === 0 ? head : target[cycle.at(-1)!]
    cycle.push(...way(graph, at, inside, ends))
  }
  const owing = new Set<number>()
  for (const state of component) duties.each(owed[state], (each) => owing.add(each))
  for (const each of owing) {
    const excuses = (state: number): boolean => !duties.strong[each] && !duties.has(owed[state], each)
    if (!cycle.some((edge) => duty[edge] === each))
      follow((state, edge) => (edge >= 0 && duty[edge] === each) || excuses(state))
  }
  if (cycle.length === 0) follow((_state, edge) => edge >= 0)
  follow((state) => state === head)
  return { stem: transitions(graph, wayTo(graph, head)), cycle: transitions(graph, cycle) }
}

const transitions = ({ transition }: Graph, edges: readonly number[]): Int32Array =>
  Int32Array.from(edges, (edge) => transition[edge])

const wayTo = (graph: Graph, goal: number): number[] =>
  way(
    graph,
    0,
    () => true,
    (state) => state === goal,
  )

/** The edges of a shortest way. */
function way(graph: Graph, from: number, may: May, ends: Ends): number[] {
  if (ends(from, -1)) return []
  const { first, target } = graph
  /** By state that was reached: the way there. Ways share their beginnings. */
  const ways = new Map<number, Way | undefined>([[from, undefined]])
  for (const [state, before] of ways) {
    for (let edge = first[state]; edge < first[state + 1]; edge++) {
      if (!may(edge)) continue
      const to = target[edge]
      if (ends(to, edge)) return edgesOf({ edge, before })
      if (!ways.has(to)) ways.set(to, { edge, before })
    }
  }
  throw new Error('a component without a way between its states')
}

/** A way: its last edge, and the way before that. */
interface Way {
  readonly edge: number
  readonly before: Way | undefined
}

function edgesOf(last: Way): number[] {
  const edges: number[] = []
  for (let at: Way | undefined = last; at !== undefined; at = at.before) edges.push(at.edge)
  return edges.reverse()
}
