/**
 * The exact probability that a uniform random walk hits a race: that of a state is the mean of those of its successors.
 * States are taken in postorder, successors first, so on a graph without cycles one pass is all (backward induction). With
 * cycles, passes are repeated until nothing changes; from 0 upwards that comes to the least solution, which is the
 * probability (Baier and Katoen, "Principles of Model Checking", 2008, section 10.1.1).
 */
import type { StateGraph } from './state-graph.ts'

/** Passes over a graph with cycles, at most; changes shrink by a factor with every pass. */
const MAX_PASSES = 100_000
/** A change that is smaller than this is none. */
const NO_CHANGE = 1e-15

/** The probabilities that a walk from state 0 ends with each of the graph's invariants violated. */
export function hitsOfWalk(graph: StateGraph): Float64Array {
  const order = postorder(graph)
  return Float64Array.from(graph.invariants, (_, i) => hitOf(graph, order, -1 - i))
}

/** The probability of one of them: `sought` is how the graph writes its end. */
function hitOf({ first, target, ends, states }: StateGraph, order: Int32Array, sought: number): number {
  const hit = new Float64Array(states)
  for (let state = 0; state < states; state++) if (ends[state] === sought) hit[state] = 1
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    let change = 0
    for (const state of order) {
      const [from, to] = [first[state], first[state + 1]]
      if (from === to) continue
      let sum = 0
      for (let edge = from; edge < to; edge++) {
        const next = target[edge]
        sum += next >= 0 ? hit[next] : next === sought ? 1 : 0
      }
      const mean = sum / (to - from)
      change = Math.max(change, Math.abs(mean - hit[state]))
      hit[state] = mean
    }
    if (change <= NO_CHANGE) break
  }
  return hit[0]
}

/** The states, each behind those that it leads to, as far as cycles allow: depth-first search from state 0. */
function postorder({ states, first, target }: StateGraph): Int32Array {
  const order = new Int32Array(states)
  const path = new Int32Array(states)
  /** By state: the next edge to follow; -1 before it is met. */
  const edge = new Int32Array(states).fill(-1)
  let ordered = 0
  let depth = 0
  path[0] = 0
  edge[0] = first[0]
  while (depth >= 0) {
    const state = path[depth]
    if (edge[state] === first[state + 1]) {
      order[ordered++] = state
      depth--
      continue
    }
    const next = target[edge[state]++]
    if (next < 0 || edge[next] !== -1) continue
    edge[next] = first[next]
    path[++depth] = next
  }
  return order
}
