/**
 * Random runs of this package as contenders. A runner that goes on with one workload comes to remember where its
 * transitions lead; one that gets a new workload as often as in a hunt does not. Both are measured, because the first
 * says how fast schedules are tried, and the second how fast the machine is.
 */
import { strict as assert } from 'node:assert'
import { makeBounds, randomWalk, Runner, Worlds, type Bounds, type Policy } from '../src/index.ts'
import type { Counts } from './measure.ts'
import { seedWorkload } from './workloads.ts'

export type AnyPolicy = Policy<any, any> // oxlint-disable-line typescript/no-explicit-any -- any policy

/** Runs of one workload in a hunt before it draws the next. */
export const RUNS_IN_A_HUNT = 40

export const seedWorlds = (policy: AnyPolicy, bounds: Partial<Bounds>): Worlds =>
  new Worlds(policy, makeBounds(bounds))

/** Random runs of the seed workload, `anew` times from a world that has just been loaded. */
function randomRuns(worlds: Worlds, anew: number, runs: number): () => Counts {
  const runner = new Runner()
  const strategy = randomWalk(1)
  let world = worlds.at(seedWorkload)
  return () => {
    let steps = 0
    for (let i = 0; i < runs; i++) {
      if (anew > 0 && i % anew === 0) world = worlds.at(seedWorkload)
      const run = runner.run(world, strategy)
      assert.equal(run.violation, undefined, `${worlds.policy.name} is safe`)
      steps += run.steps
    }
    return { runs, steps }
  }
}

/** Goes on with one world, so that it is remembered. */
export const rememberedRuns = (worlds: Worlds, runs: number): (() => Counts) => randomRuns(worlds, 0, runs)

/** Loads the workload anew as often as a hunt loads another one. */
export const freshRuns = (worlds: Worlds, runs: number): (() => Counts) =>
  randomRuns(worlds, RUNS_IN_A_HUNT, runs)

/** How many runs it takes to meet a violation of `invariant`, at most `enough`. */
export function runsToRace(worlds: Worlds, invariant: string, seed: number, enough: number): number {
  const runner = new Runner()
  const strategy = randomWalk(seed)
  const world = worlds.at(seedWorkload)
  for (let run = 1; run <= enough; run++) {
    const { violation } = runner.run(world, strategy)
    if (violation === undefined) continue
    assert.equal(violation.invariant, invariant)
    return run
  }
  return assert.fail(`no race in ${enough} runs of ${worlds.policy.name}`)
}
