/**
 * What each feature of the machine costs: steps per second of random runs of the seed workload, nothing remembered,
 * and the states and transitions of its exhaustive search, each against plain bounds. Features are switched one at a
 * time; what they cost together is not asked.
 */
import { explore, hypervRcu, type Bounds } from '../src/index.ts'
import { measure, median, rate, ratio, type Counts } from './measure.ts'
import { freshRuns, seedWorlds } from './our-runs.ts'
import type { Report } from './report.ts'
import { plainBounds, seedWorkload, tellWorkload } from './workloads.ts'

const REPETITIONS = 5
const WARM_UP = 1
const RUNS = 20_000

const variants = {
  plain: {},
  'no structure caches': { structureCaches: false },
  '1 speculative walk': { speculation: 1 },
  'TLB eviction': { eviction: true },
  'no preemption': { preemptions: 0 },
  '2 preemptions': { preemptions: 2 },
  '3 levels': { levels: 3 },
  '4 levels': { levels: 4 },
  '5 levels': { levels: 5 },
  'no VPID': { vpid: false },
  '2 PCIDs (4 levels)': { levels: 4, pcids: 2 },
  'global pages': { globals: true },
  protection: { protection: true },
  'frame contents': { contents: true },
  'store buffers of 1': { storeBuffer: 1 },
  'store buffers of 2': { storeBuffer: 2 },
  'multi-hit TLB': { multihit: true },
  'late A': { lateAccessed: true },
  '1 idle device': { devices: 1 },
  'nested interrupts': { nesting: true },
  '1 NMI': { nmis: 1 },
  INVLPGB: { invlpgb: 1 },
  RAR: { rar: 1 },
} satisfies Record<string, Partial<Bounds>>
type Variant = keyof typeof variants

const worldsOf = (variant: Variant) => seedWorlds(hypervRcu, { ...plainBounds, ...variants[variant] })

export async function features(): Promise<Report> {
  const names = Object.keys(variants) as Variant[]
  const contenders = Object.fromEntries(
    names.map((name) => [name, freshRuns(worldsOf(name), RUNS)]),
  ) as Record<Variant, () => Counts>
  const samples = await measure(contenders, REPETITIONS, WARM_UP)
  const spaces = names.map((name) => explore(worldsOf(name).at(seedWorkload)))
  const [plain] = spaces
  return {
    title: 'What features cost',
    about: `hyperv-rcu, 2 vCPUs, ${tellWorkload(seedWorkload)}; plain: 1 preemption, 2 levels, structure caches, VPID`,
    rows: names.map((variant, i) => ({
      variant,
      'steps/s': rate(samples[variant], 'steps'),
      'x plain': ratio(samples[variant], 'steps', samples.plain),
      'steps/run': median(samples[variant].map(({ counts }) => counts['steps'] / counts['runs'])),
      'state words': worldsOf(variant).at(seedWorkload).state.length,
      'packed bits': spaces[i].packedBits,
      states: spaces[i].states,
      'states x plain': spaces[i].states / plain.states,
      transitions: spaces[i].transitions,
      'transitions x plain': spaces[i].transitions / plain.transitions,
    })),
    floors: [],
  }
}
