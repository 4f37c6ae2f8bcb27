/**
 * Random runs of the seed workload against the same race written by hand with fast-check's scheduler. Both find the
 * race when tables are freed at once and take about as many steps a run, which is checked first: the comparison is of
 * like with like. fc.scheduler is driven by `waitFor`, the fastest of its drivers that runs the race to its end.
 */
import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { hypervList, hypervRcu, makeBounds, randomWalk, Runner, Worlds, type Policy } from '../src/index.ts'
import { measure, median, rate, ratio, type Counts } from './measure.ts'
import { naiveRace, type Freeing } from './naive-race.ts'
import type { Floor, Report, Row } from './report.ts'
import { seedWorkload, tellWorkload } from './workloads.ts'

/** Runs a repetition: about a third of a second for either contender. */
const OUR_RUNS = 80_000
const NAIVE_RUNS = 6000
/** Floor: times the runs per second of fc.scheduler. */
const FLOOR = 60
/** How far the mean lengths of the runs may lie apart. */
const LIKENESS = 0.1
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9]
/** More runs than either needs to meet the race by far. */
const ENOUGH = 5000

type Preemptions = 0 | 1

const worldOf = (policy: Policy<any, any>, preemptions: Preemptions) =>
  new Worlds(policy, makeBounds({ preemptions })).at(seedWorkload)

/** A contender of our own: it goes on drawing from one random sequence. */
function ours(preemptions: Preemptions): () => Counts {
  const world = worldOf(hypervRcu, preemptions)
  const runner = new Runner()
  const strategy = randomWalk(1)
  return () => {
    let steps = 0
    for (let i = 0; i < OUR_RUNS; i++) {
      const run = runner.run(world, strategy)
      assert.equal(run.violation, undefined, 'hyperv-rcu is safe')
      steps += run.steps
    }
    return { runs: OUR_RUNS, steps }
  }
}

function naive(preemptions: Preemptions): () => Promise<Counts> {
  const tally = { steps: 0 }
  const property = naiveRace('rcu', preemptions, tally)
  let seed = 1
  return async () => {
    tally.steps = 0
    const result = await fc.check(property, { numRuns: NAIVE_RUNS, seed: seed++ })
    assert.equal(result.failed, false, String(result.errorInstance))
    return { runs: NAIVE_RUNS, steps: tally.steps }
  }
}

/** Runs until the race is met, when tables are freed at once. */
function ourFirst(seed: number, preemptions: Preemptions): number {
  const world = worldOf(hypervList, preemptions)
  const runner = new Runner()
  const strategy = randomWalk(seed)
  for (let run = 1; run <= ENOUGH; run++) {
    const { violation } = runner.run(world, strategy)
    if (violation === undefined) continue
    assert.equal(violation.invariant, 'software-walk')
    return run
  }
  return assert.fail(`no race in ${ENOUGH} runs of hyperv-list`)
}

async function naiveFirst(seed: number, preemptions: Preemptions): Promise<number> {
  const freeing: Freeing = 'immediate'
  const property = naiveRace(freeing, preemptions, { steps: 0 })
  const result = await fc.check(property, { numRuns: ENOUGH, seed, endOnFailure: true })
  assert.equal(result.failed, true, `no race in ${ENOUGH} runs of the naive one with immediate freeing`)
  assert.match(String(result.errorInstance), /use after free: table/)
  return result.numRuns
}

export async function randomRuns(): Promise<Report> {
  const rows: Row[] = []
  const floors: Floor[] = []
  for (const preemptions of [0, 1] as const) {
    const first = {
      ours: median(SEEDS.map((seed) => ourFirst(seed, preemptions))),
      naive: median(await Promise.all(SEEDS.map((seed) => naiveFirst(seed, preemptions)))),
    }
    const samples = await measure({ ours: ours(preemptions), naive: naive(preemptions) })
    const mean = {
      ours: rate(samples.ours, 'steps') / rate(samples.ours, 'runs'),
      naive: rate(samples.naive, 'steps') / rate(samples.naive, 'runs'),
    }
    assert.ok(Math.abs(mean.naive / mean.ours - 1) < LIKENESS, `runs of ${mean.ours} and ${mean.naive} steps`)
    for (const who of ['ours', 'naive'] as const) {
      rows.push({
        who: who === 'ours' ? 'shootdown' : 'fc.scheduler',
        preemptions,
        'runs/s': rate(samples[who], 'runs'),
        'steps/s': rate(samples[who], 'steps'),
        'steps/run': mean[who],
        'runs to the race if freed at once': first[who],
      })
    }
    const value = ratio(samples.ours, 'runs', samples.naive)
    floors.push({ what: `runs/s against fc.scheduler, ${preemptions} preemptions:`, value, atLeast: FLOOR })
  }
  const about = `hyperv-rcu, 2 vCPUs, ${tellWorkload(seedWorkload)}, uniform random walk, all invariants on`
  return { title: 'Random runs', about, rows, floors }
}
