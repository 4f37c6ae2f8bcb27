/**
 * Random runs of the seed workload against the same race written by hand with fast-check's scheduler. Both find the
 * race when tables are freed at once and take about as many steps a run, which is checked first: the comparison is of
 * like with like. fc.scheduler is driven by `waitFor`, the fastest of its drivers that runs the race to its end.
 */
import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { hypervList, hypervRcu } from '../src/index.ts'
import { measure, median, rate, ratio, type Counts, type Samples } from './measure.ts'
import { naiveRace } from './naive-race.ts'
import { freshRuns, rememberedRuns, runsToRace, RUNS_IN_A_HUNT, seedWorlds } from './our-runs.ts'
import type { Report } from './report.ts'
import { plainBounds, seedWorkload, tellWorkload } from './workloads.ts'

/** Runs a repetition: a few tenths of a second for each contender. */
const RUNS = { remembered: 400_000, fresh: 60_000, naive: 6000 }
/** Floor: times the runs per second of fc.scheduler. */
const FLOOR = 60
/** How far the mean lengths of the runs may lie apart. */
const LIKENESS = 0.1
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9]
/** More runs than either needs by far to meet the race. */
const ENOUGH = 5000

type Preemptions = 0 | 1
type Contender = 'remembered' | 'fresh' | 'naive'
const NAMES: Readonly<Record<Contender, string>> = {
  remembered: 'shootdown',
  fresh: `shootdown, loaded anew every ${RUNS_IN_A_HUNT} runs`,
  naive: 'fc.scheduler',
}

function naiveRuns(preemptions: Preemptions): () => Promise<Counts> {
  const tally = { steps: 0 }
  const property = naiveRace('rcu', preemptions, tally)
  let seed = 1
  return async () => {
    tally.steps = 0
    const result = await fc.check(property, { numRuns: RUNS.naive, seed: seed++ })
    assert.equal(result.failed, false, String(result.errorInstance))
    return { runs: RUNS.naive, steps: tally.steps }
  }
}

/** How many runs the naive one needs to meet the race, once tables are freed at once. */
async function naiveRunsToRace(preemptions: Preemptions, seed: number): Promise<number> {
  const property = naiveRace('immediate', preemptions, { steps: 0 })
  const result = await fc.check(property, { numRuns: ENOUGH, seed, endOnFailure: true })
  assert.equal(result.failed, true, `no race in ${ENOUGH} naive runs with immediate freeing`)
  assert.match(String(result.errorInstance), /use after free: table/)
  return result.numRuns
}

/** Median runs to the race if tables are freed at once, by seed. */
async function runsToRaces(preemptions: Preemptions): Promise<Readonly<Record<Contender, number>>> {
  const broken = seedWorlds(hypervList, { ...plainBounds, preemptions })
  const ours = median(SEEDS.map((seed) => runsToRace(broken, 'software-walk', seed, ENOUGH)))
  const naive = await Promise.all(SEEDS.map((seed) => naiveRunsToRace(preemptions, seed)))
  return { remembered: ours, fresh: ours, naive: median(naive) }
}

const stepsPerRun = (samples: Samples<Contender>, who: Contender): number =>
  median(samples[who].map(({ counts }) => counts['steps'] / counts['runs']))

async function compare(preemptions: Preemptions): Promise<Pick<Report, 'rows' | 'floors'>> {
  const toRace = await runsToRaces(preemptions)
  const bounds = { ...plainBounds, preemptions }
  const samples = await measure({
    remembered: rememberedRuns(seedWorlds(hypervRcu, bounds), RUNS.remembered),
    fresh: freshRuns(seedWorlds(hypervRcu, bounds), RUNS.fresh),
    naive: naiveRuns(preemptions),
  })
  const likeness = stepsPerRun(samples, 'naive') / stepsPerRun(samples, 'remembered')
  assert.ok(Math.abs(likeness - 1) < LIKENESS, `naive runs are ${likeness} times as long as ours`)
  const rows = (['remembered', 'fresh', 'naive'] as const).map((who) => ({
    who: NAMES[who],
    preemptions,
    'runs/s': rate(samples[who], 'runs'),
    'steps/s': rate(samples[who], 'steps'),
    'steps/run': stepsPerRun(samples, who),
    'x fc.scheduler': ratio(samples[who], 'runs', samples.naive),
    'runs to the race if freed at once': toRace[who],
  }))
  const what = `runs/s against fc.scheduler with ${preemptions} preemptions:`
  return { rows, floors: [{ what, value: ratio(samples.remembered, 'runs', samples.naive), atLeast: FLOOR }] }
}

export async function randomRuns(): Promise<Report> {
  const without = await compare(0)
  const once = await compare(1)
  return {
    title: 'Random runs',
    about: `hyperv-rcu, 2 vCPUs, ${tellWorkload(seedWorkload)}, uniform random walk, all invariants on`,
    rows: [...without.rows, ...once.rows],
    floors: [...without.floors, ...once.floors],
  }
}
