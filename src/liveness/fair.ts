/**
 * The fair components of a graph: sets of states that a fair run can stay in for ever, along transitions of which none
 * is an advance, and without a state in which everything has ended. A component is fair if each duty that all of its
 * states owe is fulfilled inside, and each strong one that any of them owes. A weak duty that is owed everywhere and
 * fulfilled nowhere is so in every part of the component; a strong one is not in the parts that never owe it, so those
 * are looked at again. Lichtenstein and Pnueli, "Checking that finite state concurrent programs satisfy their linear
 * specification" (POPL 1985); Emerson and Lei, "Efficient model checking in fragments of the propositional mu-calculus"
 * (LICS 1986), say the same as a fixed point.
 */
import { Components } from './components.ts'
import { GOING, type Graph } from './graph.ts'

/** Mark of a state that no run stays in. */
const OUT = 0

/** The largest fair components, disjoint. */
export function fairComponents(graph: Graph): number[][] {
  const components = new Components(graph)
  const within = new Int32Array(graph.states).fill(OUT)
  const going = [...graph.kind.subarray(0, graph.states).keys()].filter(
    (state) => graph.kind[state] === GOING,
  )
  const parts: (readonly number[])[] = [going]
  const fair: number[][] = []
  let mark = OUT
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    mark++
    for (const state of part) within[state] = mark
    for (const component of components.of(part, within, mark)) {
      const left = staying(graph, component)
      if (left.length === component.length) fair.push(component)
      else if (left.length > 0) parts.push(left)
    }
  }
  return fair
}

/** The states of a component that a fair run can be in for ever, as far as its duties say: all of them if it is fair. */
function staying(graph: Graph, component: readonly number[]): readonly number[] {
  const { duties, first, target, duty, owed } = graph
  const members = new Set(component)
  const done = new Set<number>()
  const owing = new Int32Array(duties.count)
  for (const state of component) {
    for (let edge = first[state]; edge < first[state + 1]; edge++)
      if (graph.canRepeat(edge) && members.has(target[edge])) done.add(duty[edge])
    duties.each(owed[state], (each) => owing[each]++)
  }
  const unpaid = [...owing.keys()].filter((each) => !done.has(each) && owing[each] > 0)
  if (unpaid.some((each) => owing[each] === component.length)) return []
  const strong = unpaid.filter((each) => duties.strong[each])
  return component.filter((state) => !strong.some((each) => duties.has(owed[state], each)))
}
