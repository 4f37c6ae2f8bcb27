/**
 * Wall time of hunts to the first race of every broken policy, with the settings that a hunt has by default: first the
 * random search alone, then the whole hunt with shrinking and certificate, and the CPU time of that, which a busy
 * neighbour does not lengthen. The number of the run that meets the race depends on the seed alone, so it is found out
 * beforehand. Start-up of the process is left out.
 */
import { strict as assert } from 'node:assert'
import { hunt, HUNT_DEFAULTS, makeBounds, policies, type Hunted } from '../src/index.ts'
import { searchRaces } from '../src/hunt/search.ts'
import { median } from './measure.ts'
import type { AnyPolicy } from './our-runs.ts'
import type { Report } from './report.ts'

const SEEDS = [1, 2, 3, 4, 5]
const bounds = makeBounds()

interface Timed {
  /** Runs to the first race; all of them where there was none. */
  readonly runs: number
  readonly searching: number
  readonly whole: number
  readonly cpu: number
  readonly hunted: Hunted
}

const search = (policy: AnyPolicy, seed: number, runs: number): readonly number[] =>
  searchRaces({ policy, bounds, ...HUNT_DEFAULTS, seed, runs }).foundAt

/** The run that meets the first race, or the last one of a hunt that meets none. */
function firstRace(policy: AnyPolicy, seed: number): number {
  for (let runs = 1000; runs <= HUNT_DEFAULTS.runs; runs *= 10) {
    const [first] = search(policy, seed, runs)
    if (first !== undefined) return first
  }
  return HUNT_DEFAULTS.runs
}

function time(policy: AnyPolicy, seed: number): Timed {
  const runs = firstRace(policy, seed)
  const begun = performance.now()
  search(policy, seed, runs)
  const searched = performance.now()
  const used = process.cpuUsage()
  const hunted = hunt(policy, { seed, runs })
  assert.equal(hunted.verdict, 'race', `${policy.name}, seed ${seed}, ${runs} runs`)
  const { user, system } = process.cpuUsage(used)
  return {
    runs,
    searching: searched - begun,
    whole: performance.now() - searched,
    cpu: (user + system) / 1000,
    hunted,
  }
}

export function hunts(): Report {
  const broken = policies.filter(({ expected }) => expected === 'broken')
  const timed = new Map(broken.map((policy) => [policy, [] as Timed[]]))
  for (const seed of SEEDS) for (const policy of broken) timed.get(policy)!.push(time(policy, seed))
  return {
    title: 'Hunts to the first race',
    about: `default bounds and strategy, medians of ${SEEDS.length} seeds, wall time; "whole" includes shrinking and certificate`,
    rows: broken.map((policy) => {
      const each = timed.get(policy)!
      const found = each.map(({ hunted }) => hunted.found[0])
      return {
        policy: policy.name,
        runs: median(each.map(({ runs }) => runs)),
        'search ms': median(each.map(({ searching }) => searching)),
        'whole ms': median(each.map(({ whole }) => whole)),
        'whole CPU ms': median(each.map(({ cpu }) => cpu)),
        'slowest ms': Math.max(...each.map(({ whole }) => whole)),
        invariant: [...new Set(found.map(({ race }) => race.violation.invariant))].join(', '),
        'found by': [...new Set(found.map(({ foundBy }) => foundBy))].join(', '),
      }
    }),
    floors: [],
  }
}
