/**
 * The graph of a system: all states that it can reach, with the transitions between them and the duties owed in each.
 * Runs end where an invariant is violated: such a transition leads nowhere here, though its duty is owed.
 */
import { enlarged } from '../engine/enlarged.ts'
import type { FairSystem } from '../engine/fairness.ts'
import { Widened, type Packer } from '../engine/pack.ts'
import { StateSet } from '../engine/state-set.ts'
import { MAX_ENABLED } from '../engine/system.ts'
import { packerFor } from '../explore/learn.ts'
import { Duties } from './duties.ts'

/** Kinds of state: one that goes on, one in which everything has ended, one in which nobody can go on though it has not. */
export const GOING = 0
export const FINAL = 1
export const STUCK = 2

/** No duty: what the environment does. */
export const NOBODY = -1

export class Graph {
  readonly duties: Duties
  /** False if it is too large, or the search was given up: there is no more than this of it then. */
  whole = true
  states = 0
  edges = 0
  /** By state: its kind, its first edge (they end where the next state's begin), and the set of duties owed in it. */
  kind = new Uint8Array(1 << 6)
  first = new Int32Array(1 << 6)
  owed = new Int32Array(1 << 6)
  /** By edge: where it leads, by which transition, which duty it fulfils, and whether it is what the system is there for. */
  target = new Int32Array(1 << 7)
  transition = new Int32Array(1 << 7)
  duty = new Int32Array(1 << 7)
  advances = new Uint8Array(1 << 7)

  constructor(duties: Duties) {
    this.duties = duties
  }

  addState(kind: number, owed: number): void {
    if (this.states + 1 >= this.first.length) {
      this.first = enlarged(this.first)
      this.owed = enlarged(this.owed)
      this.kind = enlarged(this.kind)
    }
    this.kind[this.states] = kind
    this.owed[this.states++] = owed
    this.first[this.states] = this.edges
  }

  /** Adds an edge of the state that was added last. */
  addEdge(target: number, transition: number, duty: number, advances: boolean): void {
    if (this.edges === this.target.length) {
      this.target = enlarged(this.target)
      this.transition = enlarged(this.transition)
      this.duty = enlarged(this.duty)
      this.advances = enlarged(this.advances)
    }
    this.target[this.edges] = target
    this.transition[this.edges] = transition
    this.duty[this.edges] = duty
    this.advances[this.edges++] = advances ? 1 : 0
    this.first[this.states] = this.edges
  }

  /** True for an edge that can be part of a livelock: somebody's own step, and no advance. */
  canRepeat(edge: number): boolean {
    return this.duty[edge] !== NOBODY && this.advances[edge] === 0
  }
}

/** States that a graph may have unless said otherwise. */
export const MAX_STATES = 1_000_000

export interface GraphOptions {
  /** Give up beyond this many states. Default {@link MAX_STATES}. */
  readonly maxStates?: number
  /** Asked now and then; true gives the search up. */
  readonly stop?: () => boolean
}

/** The whole graph, unless it is too large or the search was given up. */
export function graphOf(system: FairSystem, options: GraphOptions = {}): Graph {
  const packer = packerFor(system)
  for (;;) {
    try {
      return build(system, packer, options)
    } catch (thrown) {
      if (!(thrown instanceof Widened)) throw thrown
    }
  }
}

function build(system: FairSystem, packer: Packer, { maxStates = MAX_STATES, stop }: GraphOptions): Graph {
  const { state, fairness } = system
  const duties = new Duties(fairness)
  const graph = new Graph(duties)
  const visited = new StateSet(packer.bytes)
  const enabled = new Int32Array(MAX_ENABLED)
  const dutyOf = new Int32Array(MAX_ENABLED)
  const advances = new Uint8Array(MAX_ENABLED)
  const here = state.slice()
  system.reset()
  packer.pack(state, visited.probe)
  visited.add()
  for (let number = 0; number < visited.count; number++) {
    if (visited.count > maxStates || ((number & 0x3ff) === 0 && stop?.() === true)) {
      graph.whole = false
      return graph
    }
    visited.fetch(number)
    packer.unpack(visited.probe, here)
    state.set(here)
    const count = system.enabled(enabled)
    const { progress } = system
    const final = system.final()
    for (let i = 0; i < progress; i++) {
      dutyOf[i] = duties.numberOf(fairness.duty(enabled[i]))
      advances[i] = fairness.advances(enabled[i]) ? 1 : 0
    }
    graph.addState(final ? FINAL : progress === 0 ? STUCK : GOING, duties.owed(dutyOf, progress))
    for (let i = 0; i < count; i++) {
      if (i > 0) state.set(here)
      system.apply(enabled[i])
      if (system.violation !== undefined) {
        system.clearViolation()
        continue
      }
      packer.pack(state, visited.probe)
      const found = visited.add()
      const own = i < progress
      graph.addEdge(
        found < 0 ? -1 - found : found,
        enabled[i],
        own ? dutyOf[i] : NOBODY,
        own && advances[i] === 1,
      )
    }
  }
  return graph
}
