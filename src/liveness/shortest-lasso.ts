/**
 * The smallest lasso of a graph: a search in the order of (switches, steps) (Dijkstra 1959) over two kinds of node. On the
 * stem a node is a state and the actor that moved last; in the cycle also the state that the cycle began in, and what it
 * still owes. A smallest fair cycle is hard to find where duties are many (Clarke, Grumberg, McMillan and Zhao,
 * "Efficient generation of counterexamples and witnesses in symbolic model checking", DAC 1995), so the search has a
 * limit; past it there is none, and `any-lasso.ts` makes one without the claim.
 */
import { enlarged } from '../engine/enlarged.ts'
import { StateSet } from '../engine/state-set.ts'
import { Frontier } from '../shrink/frontier.ts'
import { STUCK, type Graph } from './graph.ts'
import { Ledger } from './ledger.ts'

/** Transitions of a lasso. */
export interface Loop {
  readonly stem: Int32Array
  /** Empty where nobody can move. */
  readonly cycle: Int32Array
}

/** Nodes that a search keeps, at most, unless it is told otherwise: some 60 megabytes. */
const MAX_NODES = 1 << 20
const STEP = Frontier.cost(0, 1)
const SWITCH = Frontier.cost(1, 0)

/** Words of a node: its state, the actor that moved last, the state that its cycle began in, what that still owes. */
const STATE = 0
const LAST = 1
const HEAD = 2
const OWES = 3
/** HEAD of a node on the stem; otherwise it is the state's number + 1. */
const NO_HEAD = 0
/** LAST before anybody moved; otherwise it is the actor's number + 1. */
const NO_ACTOR = 0

export type ActorOf = (transition: number) => number

/** The smallest lasso that is stuck, or goes round in one of the fair components; undefined if the search is too large. */
export function shortestLasso(
  graph: Graph,
  components: readonly (readonly number[])[],
  actorOf: ActorOf,
  maxNodes = MAX_NODES,
): Loop | undefined {
  return new Search(graph, components, actorOf, maxNodes).run()
}

class Search {
  private readonly graph: Graph
  private readonly actorOf: ActorOf
  private readonly maxNodes: number
  /** By state: the ledger of the fair component that it is in. */
  private readonly ledgers: (Ledger | undefined)[]
  private readonly frontier = new Frontier()
  private readonly nodes = new StateSet(16)
  private parent = new Int32Array(1 << 12)
  private via = new Int32Array(1 << 12)
  /** By node: its cost, or -1 - cost once it is settled. */
  private cost = new Float64Array(1 << 12)
  private limit = Infinity
  private best: { readonly from: number; readonly transition: number } | undefined

  constructor(graph: Graph, components: readonly (readonly number[])[], actorOf: ActorOf, maxNodes: number) {
    this.graph = graph
    this.actorOf = actorOf
    this.maxNodes = maxNodes
    this.ledgers = Array.from({ length: graph.states })
    for (const component of components) {
      const ledger = new Ledger(graph, component)
      for (const state of component) this.ledgers[state] = ledger
    }
  }

  run(): Loop | undefined {
    const { frontier, nodes } = this
    if (this.ledgers.some((ledger) => ledger?.fits === false)) return undefined
    this.reach(-1, -1, [0, NO_ACTOR, NO_HEAD, 0], 0)
    for (let node = frontier.take(); node >= 0 && frontier.taken < this.limit; node = frontier.take()) {
      if (this.cost[node] !== frontier.taken) continue
      this.expand(node, frontier.taken)
      this.cost[node] = -1 - frontier.taken
      if (nodes.count > this.maxNodes) return undefined
    }
    return this.unwind()
  }

  private expand(node: number, cost: number): void {
    const { graph, ledgers } = this
    this.nodes.fetch(node)
    const { [STATE]: state, [LAST]: last, [HEAD]: head, [OWES]: owes } = this.nodes.probe
    const onStem = head === NO_HEAD
    const ledger = ledgers[state]
    if (onStem && graph.kind[state] === STUCK) this.consider(node, -1, cost)
    for (let edge = graph.first[state]; edge < graph.first[state + 1]; edge++) {
      const transition = graph.transition[edge]
      const target = graph.target[edge]
      const actor = this.actorOf(transition) + 1
      const next = cost + STEP + (last !== NO_ACTOR && actor !== last ? SWITCH : 0)
      if (next >= this.limit) continue
      if (onStem) this.reach(node, transition, [target, actor, NO_HEAD, 0], next)
      if (ledger === undefined || ledgers[target] !== ledger || !graph.canRepeat(edge)) continue
      const from = onStem ? state + 1 : head
      const bits = ledger.along(onStem ? ledger.through(0, state) : owes, graph.duty[edge])
      if (target + 1 === from && ledger.isSettled(bits)) this.consider(node, transition, next)
      else this.reach(node, transition, [target, actor, from, ledger.through(bits, target)], next)
    }
  }

  private consider(from: number, transition: number, cost: number): void {
    if (cost >= this.limit) return
    this.best = { from, transition }
    this.limit = cost
  }

  /** Queues a node if this is the cheapest way there so far. */
  private reach(from: number, transition: number, words: readonly number[], cost: number): void {
    const { nodes } = this
    nodes.probe.set(words)
    let node = nodes.add()
    if (node >= 0) this.room(node)
    else {
      node = -1 - node
      const known = this.cost[node]
      if (known < 0 || known <= cost) return
    }
    this.parent[node] = from
    this.via[node] = transition
    this.cost[node] = cost
    this.frontier.add(node, cost)
  }

  private room(node: number): void {
    if (node < this.parent.length) return
    this.parent = enlarged(this.parent)
    this.via = enlarged(this.via)
    const cost = new Float64Array(this.parent.length)
    cost.set(this.cost)
    this.cost = cost
  }

  private unwind(): Loop | undefined {
    if (this.best === undefined) return undefined
    const { from, transition } = this.best
    const stem: number[] = []
    const cycle: number[] = transition < 0 ? [] : [transition]
    // A node whose way comes from the stem begins the cycle: the node before it is the last one of the stem.
    let inCycle = transition >= 0
    for (let node = from; this.parent[node] >= 0; node = this.parent[node]) {
      inCycle &&= this.isInCycle(node)
      ;(inCycle ? cycle : stem).push(this.via[node])
    }
    return { stem: Int32Array.from(stem.reverse()), cycle: Int32Array.from(cycle.reverse()) }
  }

  private isInCycle(node: number): boolean {
    this.nodes.fetch(node)
    return this.nodes.probe[HEAD] !== NO_HEAD
  }
}
