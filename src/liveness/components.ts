/**
 * Strongly connected components of a part of a graph: Tarjan, "Depth-first search and linear graph algorithms" (SIAM
 * Journal on Computing 1, 1972), with a stack of its own in place of recursion, for paths may be long. Only components
 * that a run can stay in count: those with an edge inside.
 */
import type { Graph } from './graph.ts'

const UNSEEN = 0
/** Index of a state whose component is complete: larger than any other, so that nobody is led back to it. */
const DONE = 0x7fffffff

export class Components {
  private readonly graph: Graph
  /** By state: when it was first seen, and the earliest that it leads back to. */
  private readonly index: Int32Array
  private readonly low: Int32Array
  /** By state: which edge of it is to be followed next. */
  private readonly edge: Int32Array

  constructor(graph: Graph) {
    this.graph = graph
    this.index = new Int32Array(graph.states)
    this.low = new Int32Array(graph.states)
    this.edge = new Int32Array(graph.states)
  }

  /** The components of the states that `within` marks with `mark`, along the edges that can be part of a livelock. */
  of(states: Iterable<number>, within: Int32Array, mark: number): number[][] {
    const { graph, index, low, edge } = this
    const { first, target } = graph
    const found: number[][] = []
    const open: number[] = []
    const path: number[] = []
    let seen = 0
    const all = [...states]
    for (const state of all) index[state] = UNSEEN
    const enter = (state: number): void => {
      index[state] = low[state] = ++seen
      edge[state] = first[state]
      open.push(state)
      path.push(state)
    }
    for (const root of all) {
      if (index[root] !== UNSEEN) continue
      enter(root)
      for (let state = path.at(-1); state !== undefined; state = path.at(-1)) {
        if (edge[state] < first[state + 1]) {
          const next = edge[state]++
          const to = target[next]
          if (within[to] !== mark || !graph.canRepeat(next)) continue
          if (index[to] === UNSEEN) enter(to)
          else if (index[to] < low[state]) low[state] = index[to]
          continue
        }
        path.pop()
        const before = path.at(-1)
        if (before !== undefined && low[state] < low[before]) low[before] = low[state]
        if (low[state] === index[state]) {
          const component = open.splice(open.lastIndexOf(state))
          for (const member of component) index[member] = DONE
          if (component.length > 1 || this.loops(state)) found.push(component)
        }
      }
    }
    return found
  }

  /** True if a state leads to itself. */
  private loops(state: number): boolean {
    const { first, target } = this.graph
    for (let e = first[state]; e < first[state + 1]; e++)
      if (target[e] === state && this.graph.canRepeat(e)) return true
    return false
  }
}
