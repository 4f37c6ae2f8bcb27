/**
 * Liveness of one system: whether all of its fair runs come to an end, or go on and on to what the system is there for.
 * One that does neither is stuck where nobody can move (a deadlock), or goes round for ever (a livelock). A wake-up that
 * got lost is the one where the wait is a guard and the other where it is a loop that polls.
 *
 * What a fair run is, each system says for itself (`engine/fairness.ts`): nobody is passed over for ever. So a spin loop
 * whose condition somebody else will establish is no livelock: the run that spins for ever passes that somebody over. A
 * loop is a livelock if nobody ever will, or if those who could undo each other's work in a fair round.
 *
 * The whole graph is searched, so the answer is a proof for that system. The notion is that of non-progress cycles
 * (Holzmann, "The SPIN Model Checker", 2003), with fairness by transition in place of fairness by process.
 */
import type { FairSystem } from '../engine/fairness.ts'
import { roundIn, stuckIn } from './any-lasso.ts'
import { fairComponents } from './fair.ts'
import { STUCK, graphOf, type GraphOptions } from './graph.ts'
import type { Lasso } from './lasso.ts'
import type { Spent } from '../shrink/spent.ts'
import { shortestLasso, type Loop } from './shortest-lasso.ts'

export interface LivenessResult {
  /** `not established` if the graph is too large, or the search was given up: nothing is claimed then. */
  readonly verdict: 'live' | 'deadlock' | 'livelock' | 'not established'
  /** The smallest lasso, where there is one. */
  readonly lasso: Lasso | undefined
  /** Of the graph, or of as much of it as was searched. */
  readonly states: number
  readonly transitions: number
}

export interface LivelockOptions extends GraphOptions {
  /** The search for the smallest lasso keeps at most so many nodes; beyond, some lasso is taken. Default about a million. */
  readonly maxNodes?: number
  /** What all searches for something smaller cost is added here: those too that come to nothing. */
  readonly spent?: Spent | undefined
}

/**
 * Searches a system for a run that is fair and never gets anywhere.
 * @returns the verdict, and for a deadlock or livelock the smallest lasso that shows it
 */
export function findLivelock(system: FairSystem, options: LivelockOptions = {}): LivenessResult {
  const graph = graphOf(system, options)
  const { states, edges: transitions } = graph
  if (!graph.whole) return { verdict: 'not established', lasso: undefined, states, transitions }
  const components = fairComponents(graph)
  const stuck = graph.kind.subarray(0, states).indexOf(STUCK)
  if (components.length === 0 && stuck < 0) return { verdict: 'live', lasso: undefined, states, transitions }
  const least = shortestLasso(graph, components, (transition) => system.actor(transition), options.maxNodes)
  const loop = least ?? (stuck >= 0 ? stuckIn(graph, stuck) : roundIn(graph, components[0]))
  const lasso = lassoOf(system, loop, least !== undefined)
  return { verdict: loop.cycle.length === 0 ? 'deadlock' : 'livelock', lasso, states, transitions }
}

/** Goes along a lasso and says what is wrong with it. */
function lassoOf(system: FairSystem, { stem, cycle }: Loop, minimal: boolean): Lasso {
  system.reset()
  for (const transition of stem) system.apply(transition)
  const violation = cycle.length === 0 ? system.deadlock() : system.fairness.livelock()
  const all = [...stem, ...cycle]
  const switches = all.filter((each, i) => i > 0 && system.actor(each) !== system.actor(all[i - 1])).length
  return { stem, cycle, violation, cost: { switches, steps: all.length }, minimal }
}
