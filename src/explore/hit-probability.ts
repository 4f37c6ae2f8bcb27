/**
 * How likely one run of a strategy is to hit a race, exactly, for a system whose states can be enumerated. It says how
 * much luck a race takes, and whether a strategy does what its paper says. No run is made here.
 */
import type { System } from '../engine/system.ts'
import { hitsOfPct, type PctShape } from './hits-of-pct.ts'
import { hitsOfWalk } from './hits-of-walk.ts'
import { stateGraph } from './state-graph.ts'

export interface HitProbability {
  /** Of hitting any race, from 0 to 1. */
  readonly probability: number
  /** What there is of it for each invariant that runs can violate: a run ends with its first violation. */
  readonly byInvariant: ReadonlyMap<string, number>
  /** States that runs can reach. */
  readonly states: number
}

export interface HitOptions {
  /** Refuse systems of more states. Default 4 million. */
  readonly maxStates?: number
}

/**
 * The exact probability that one run ends in a violation, and in which.
 *
 * `random` is the uniform random walk of `randomWalk`; what it would take beyond step 4096, where runs are given up, counts as
 * well. A depth and a length are PCT's: `pct(seed, depth, length)`. The run of a portfolio is one of its members'.
 *
 * @throws ShootdownError if there are too many states; for PCT, also if more than 7 actors can move, or if depth and length
 * give too many courses to follow
 */
export function hitProbability(
  system: System,
  strategy: 'random' | PctShape,
  { maxStates }: HitOptions = {},
): HitProbability {
  const graph = stateGraph(system, maxStates)
  const hits = strategy === 'random' ? hitsOfWalk(graph) : hitsOfPct(graph, strategy)
  return {
    probability: hits.reduce((sum, each) => sum + each, 0),
    byInvariant: new Map(graph.invariants.map((name, i) => [name, hits[i]])),
    states: graph.states,
  }
}
