/**
 * Random runs of the seed race: every enabled transition equally likely, against the same race written with fc.scheduler
 * and against the walker in C++; and a hunt on the whole machine, by one worker and by two. All take about as many steps a run, which is checked.
 */
import { strict as assert } from 'node:assert'
import { median, ratio } from '../measure.ts'
import type { SeedPolicy, SeedSize } from '../protocols/seed-race.ts'
import type { Floor, Report, Row } from '../report.ts'
import { absence, contest, floorOf, ours, rowsOf, type Results } from './contest.ts'
import { walker } from './outside.ts'
import { sharing } from './sharing.ts'
import type { Taken, Workshop } from './workshop.ts'

interface Race extends SeedSize {
  readonly policy: SeedPolicy
  readonly name: string
  /** Runs of ours, of fc.scheduler and of the C++ in one turn: about a second each. */
  readonly runs: readonly [number, number, number]
  readonly atLeast: number
}

const races: readonly Race[] = [
  {
    name: 'quiescence, 3 CPUs, 2 rounds',
    policy: 'quiescence',
    cpus: 3,
    rounds: 2,
    preemptions: 2,
    runs: [1_000_000, 10_000, 3_000_000],
    atLeast: 60,
  },
  {
    name: 'IPI, 4 CPUs, 3 rounds',
    policy: 'ipi',
    cpus: 4,
    rounds: 3,
    preemptions: 2,
    runs: [200_000, 5000, 1_500_000],
    atLeast: 45,
  },
]
const WALKER = 1 / 6
/** How far the mean lengths of the runs may lie apart. */
const LIKENESS = 0.02

export async function random(shop: Workshop, repetitions: number): Promise<Report> {
  const rows: Row[] = []
  const floors: Floor[] = []
  for (const { name, policy, runs, atLeast, cpus, rounds, preemptions } of races) {
    const size = { cpus, rounds, preemptions }
    const words = [policy, cpus, rounds, preemptions]
    const contenders = {
      ours: { title: 'shootdown', run: () => ours('protocol-runs', ...words, runs[0]) },
      scheduler: { title: 'fc.scheduler', run: () => ours('scheduler-runs', ...words, runs[1]) },
      walker: {
        title: walker.title,
        absent: absence(walker.needs),
        run: () => shop.time(walker.command(shop, policy, size, runs[2]), walker.count),
      },
    }
    const results = await contest(contenders, repetitions)
    checkLikeness(results)
    rows.push(...rowsOf(contenders, results, ['runs', 'steps']).map((row) => ({ race: name, ...row })))
    const scheduler = `random runs per second, ${name}, against fc.scheduler`
    const packed = `random steps per second, ${name}, against C++`
    floors.push(
      floorOf(contenders, results, ['ours', 'scheduler'], { what: scheduler, atLeast }, (us, them) =>
        ratio(us, 'runs', them),
      ),
      floorOf(contenders, results, ['ours', 'walker'], { what: packed, atLeast: WALKER }, (us, them) =>
        ratio(us, 'steps', them),
      ),
    )
  }
  const shared = await sharing('hunt', 'runs', 'two workers against one, random runs', repetitions)
  // The hunt is no race, but the column says which rows belong together.
  const sharedRows = shared.rows.map((row) => ({ race: 'native-ipi, workers', ...row }))
  return {
    title: 'Random runs',
    about: 'The seed race, uniform choice, 2 preemptions, one thread; a hunt of native-ipi with workers',
    rows: [...rows, ...sharedRows],
    floors: [...floors, shared.floor],
  }
}

function checkLikeness(results: Results): void {
  const lengths = [...results.values()].map(stepsPerRun)
  for (const length of lengths)
    assert.ok(Math.abs(length / lengths[0] - 1) < LIKENESS, `steps a run: ${lengths.join(', ')}`)
}

const stepsPerRun = (taken: readonly Taken[]): number =>
  median(taken.map(({ counts }) => counts['steps'] / counts['runs']))
