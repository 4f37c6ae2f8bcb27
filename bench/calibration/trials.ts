/**
 * How many runs a strategy needs until it meets a bug, trial by trial, each with a seed of its own. There are at least 20
 * trials, but for those that are hopeless; where they are cheap there are more, for the mean of 20 is known to a fifth
 * and no better. A trial that meets nothing within the limit counts as the limit, so its mean is a lower bound. Runs are
 * counted, not time: the figures are the same on every machine.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { boundsFor } from '../../src/scenario/bounds.ts'
import { HUNT_DEFAULTS, policies } from '../../src/index.ts'
import { Runner } from '../../src/explore/run.ts'
import { strategyNamed } from '../../src/explore/strategies.ts'
import { searchRaces } from '../../src/hunt/search.ts'
import { Space } from '../../src/protocol/index.ts'
import type { AnyPolicy } from '../our-runs.ts'
import type { Program } from './program.ts'

/** What the trials of one strategy came to. */
export interface Cell {
  /** Runs to the first bug. */
  readonly mean: number
  readonly trials: number
  /** Trials that met nothing. */
  readonly missed: number
}

const FEWEST = 20
const MOST = 200
/** Runs of a trial, at most: of a program, of a policy. */
const OF_PROGRAM = 1000
const OF_POLICY = 4000
/** Once all trials of a cell together have come to so many runs, the fewest will do. */
const ENOUGH = 20_000
/** Where so many trials have met nothing, there are no more. */
const HOPELESS = 5

/** Seeds that are far apart and have nothing to do with one another. */
const seedOf = (trial: number): number => 1 + trial * 7919

function trials(most: number, limit: number, runsToBug: (seed: number) => number | undefined): Cell {
  let total = 0
  let missed = 0
  let trial = 0
  while (trial < FEWEST || (trial < most && total < ENOUGH)) {
    if (trial === HOPELESS && missed === HOPELESS) break
    const runs = runsToBug(seedOf(trial++))
    if (runs === undefined) missed++
    total += runs ?? limit
  }
  return { mean: Number((total / trial).toPrecision(4)), trials: trial, missed }
}

export function tryProgram(program: Program, strategy: string): Cell {
  const space = new Space(program.build())
  const runner = new Runner()
  return trials(MOST, OF_PROGRAM, (seed) => {
    const picks = strategyNamed(strategy, seed)
    for (let run = 1; run <= OF_PROGRAM; run++)
      if (runner.run(space, picks).violation !== undefined) return run
    return undefined
  })
}

/** Workloads and schedules as a hunt draws them; what is counted are schedules. */
export function tryPolicy(policy: AnyPolicy, strategy: string): Cell {
  return trials(FEWEST, OF_POLICY, (seed) => {
    const stop = (_runs: number, races: number): boolean => races > 0
    const { operations } = HUNT_DEFAULTS
    const bounds = boundsFor(policy)
    return searchRaces({ policy, bounds, operations, runs: OF_POLICY, seed, strategy, stop }).foundAt[0]
  })
}

/** Every broken policy: those that ship with the package, and the bugs of real systems. */
export async function brokenPolicies(): Promise<AnyPolicy[]> {
  const folder = join(import.meta.dirname, '../../bugs')
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts'))
  const bugs = await Promise.all(
    files.map(async (file) => ((await import(join(folder, file))) as { broken: AnyPolicy }).broken),
  )
  return [...policies, ...bugs].filter(({ expected }) => expected === 'broken')
}
