/**
 * All orders of a race's steps: every interleaving of its actors, each of which takes its steps in the order of the
 * race. An order *fails* if taking its steps one by one breaks the race's invariant, and no other one before; what is
 * left over then does not matter, and may come in any order. Orders that have come to the same state by the same steps have the same future,
 * so they are followed once: their number is counted, not walked.
 */
import { Widened, type Packer } from '../engine/pack.ts'
import { StateSet } from '../engine/state-set.ts'
import { packerFor } from '../explore/learn.ts'
import type { Rerun } from './steps.ts'
import { bit, Lanes } from './step-lanes.ts'

export interface Orders {
  /** Orders of the steps, whether they are possible or not. */
  readonly all: bigint
  /** Those that fail. */
  readonly failing: bigint
  /** By step: the steps (a bit each) that come later in some failing order. */
  readonly laterInFailing: readonly bigint[]
  /** By step: the steps that can be taken later in some order, whether it fails or not. */
  readonly laterInPossible: readonly bigint[]
}

/** A step from one node to another; to none if it breaks an invariant. */
interface Edge {
  readonly from: number
  readonly step: number
  readonly to: number
  readonly breaks: boolean
}

/** @throws Spent if there are more than the rerun has transitions for. */
export function ordersOf(rerun: Rerun): Orders {
  const packer = packerFor(rerun.world)
  for (;;) {
    try {
      return new Search(rerun, packer).run()
    } catch (thrown) {
      if (!(thrown instanceof Widened)) throw thrown
    }
  }
}

class Search {
  private readonly rerun: Rerun
  private readonly packer: Packer
  private readonly lanes: Lanes
  /** The state of the node that is looked at. */
  private readonly here: Int32Array
  /** States, each with the steps that led there. */
  private readonly visited: StateSet
  /** By node: how many steps of each lane were taken. */
  private readonly taken: (readonly number[])[] = []
  private readonly edges: Edge[] = []
  /** Nodes where the invariant is broken because nobody can go on. */
  private readonly stuck = new Set<number>()

  constructor(rerun: Rerun, packer: Packer) {
    this.rerun = rerun
    this.packer = packer
    this.lanes = new Lanes(rerun.steps)
    this.here = rerun.world.state.slice()
    this.visited = new StateSet((packer.size + this.lanes.count) * 4)
  }

  run(): Orders {
    const { rerun, lanes } = this
    rerun.put(rerun.steps[0].before)
    this.reach(lanes.none)
    for (let node = 0; node < this.taken.length; node++) this.expand(node)
    return this.gather()
  }

  private expand(node: number): void {
    const { rerun, packer, visited, lanes, edges, here } = this
    const taken = this.taken[node]
    visited.fetch(node)
    packer.unpack(visited.probe, here)
    rerun.put(here)
    const standing = rerun.standing()
    if (standing === 'broken') this.stuck.add(node)
    if (standing !== 'sound') return
    for (const [lane, step] of lanes.next(taken)) {
      rerun.put(here)
      if (!rerun.take(step)) continue
      const broken = rerun.world.violation !== undefined
      const to = broken ? -1 : this.reach(lanes.advance(taken, lane))
      edges.push({ from: node, step: step.at, to, breaks: broken && rerun.standing() === 'broken' })
    }
  }

  /** The world has come to a state by these steps; returns its node. */
  private reach(taken: readonly number[]): number {
    const { visited, packer, rerun } = this
    packer.pack(rerun.world.state, visited.probe)
    visited.probe.set(taken, packer.size)
    const added = visited.add()
    if (added < 0) return -1 - added
    this.taken.push(taken)
    return added
  }

  /** From the last nodes to the first: how many orders fail from there, and which steps come later. */
  private gather(): Orders {
    const { lanes, edges, stuck, taken } = this
    const { steps } = this.rerun
    const failing = taken.map((each, node) => (stuck.has(node) ? lanes.orders(each) : 0n))
    const possible = taken.map(() => 0n)
    const laterInFailing = steps.map(() => 0n)
    const laterInPossible = steps.map(() => 0n)
    for (const node of stuck) this.anyOrder(taken[node], laterInFailing)
    for (const { from, step, to, breaks } of edges.toReversed()) {
      const then = lanes.advance(taken[from], lanes.laneOf(step))
      const fails = to >= 0 ? failing[to] : breaks ? lanes.orders(then) : 0n
      const later = to >= 0 ? possible[to] : 0n
      laterInPossible[step] |= later
      possible[from] |= later | bit(step)
      if (fails === 0n) continue
      failing[from] += fails
      laterInFailing[step] |= lanes.left(then)
      if (breaks) this.anyOrder(then, laterInFailing)
    }
    return { all: lanes.orders(lanes.none), failing: failing[0], laterInFailing, laterInPossible }
  }

  /** Each of the steps that are left may come before each of those that its own lane does not put behind it. */
  private anyOrder(taken: readonly number[], later: bigint[]): void {
    const { lanes } = this
    const left = lanes.left(taken)
    for (const step of this.rerun.steps) {
      if ((left & bit(step.at)) !== 0n) later[step.at] |= left & ~lanes.upTo(step)
    }
  }
}
