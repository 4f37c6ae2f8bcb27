/**
 * What each feature of the machine costs: steps per second of random runs of the seed workload, and the states and
 * transitions of its exhaustive search, each against the default bounds. The features are switched one at a time; what
 * they cost together is not asked.
 */
import { explore, hypervRcu, makeBounds, randomWalk, Runner, Worlds, type Bounds } from '../src/index.ts'
import { measure, median, rate, ratio, type Counts, type Samples } from './measure.ts'
import type { Report } from './report.ts'
import { seedWorkload, tellWorkload } from './workloads.ts'

const REPETITIONS = 5
const RUNS = 20_000

const variants = {
  default: {},
  'no structure caches': { structureCaches: false },
  '1 speculative walk': { speculation: 1 },
  'TLB eviction': { eviction: true },
  'no preemption': { preemptions: 0 },
  '2 preemptions': { preemptions: 2 },
  '3 levels': { levels: 3 },
  '4 levels': { levels: 4 },
  '5 levels': { levels: 5 },
  'no VPID': { vpid: false },
} satisfies Record<string, Partial<Bounds>>
type Variant = keyof typeof variants

const worldOf = (variant: Variant) => new Worlds(hypervRcu, makeBounds(variants[variant])).at(seedWorkload)

function randomRunsOf(variant: Variant): () => Counts {
  const world = worldOf(variant)
  const runner = new Runner()
  const strategy = randomWalk(1)
  return () => {
    let steps = 0
    for (let i = 0; i < RUNS; i++) steps += runner.run(world, strategy).steps
    return { steps, runs: RUNS }
  }
}

const stepsPerRun = (samples: Samples<Variant>[Variant]): number =>
  median(samples.map(({ counts }) => counts['steps'] / counts['runs']))

export async function features(): Promise<Report> {
  const names = Object.keys(variants) as Variant[]
  const contenders = Object.fromEntries(names.map((name) => [name, randomRunsOf(name)])) as Record<
    Variant,
    () => Counts
  >
  const samples = await measure(contenders, REPETITIONS, 1)
  const spaces = names.map((name) => explore(worldOf(name)))
  const [base] = spaces
  return {
    title: 'What features cost',
    about: `hyperv-rcu, 2 vCPUs, ${tellWorkload(seedWorkload)}, against the default: 1 preemption, 2 levels, structure caches, VPID`,
    rows: names.map((variant, i) => ({
      variant,
      'steps/s': rate(samples[variant], 'steps'),
      'of default': ratio(samples[variant], 'steps', samples.default),
      'steps/run': stepsPerRun(samples[variant]),
      states: spaces[i].states,
      'x default': spaces[i].states / base.states,
      transitions: spaces[i].transitions,
      'x default ': spaces[i].transitions / base.transitions,
    })),
    floors: [],
  }
}
