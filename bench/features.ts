/**
 * What each feature of the machine costs a large policy: steps per second of random runs of the seed workload, nothing
 * remembered, the room that a state takes, and the states of its exhaustive search, each against plain bounds. Features
 * are switched on one at a time, together with what they cannot be without, and at last all that go together.
 */
import { explore, ShootdownError, type Bounds, type Exploration } from '../src/index.ts'
import type { Features } from '../src/machine/features.ts'
import { measure, rate, ratio, type Counts } from './measure.ts'
import { freshRuns, seedWorlds } from './our-runs.ts'
import { pvGuest } from './policies/pv-guest.ts'
import type { Report, Row } from './report.ts'
import { plainBounds, seedWorkload, tellWorkload } from './workloads.ts'

const REPETITIONS = 5
const WARM_UP = 1
const RUNS = 8000
/** A search that meets more is given up. */
const MAX_STATES = 2_000_000
const BITS = 8

const longMode = { levels: 4, pcids: 2 } satisfies Partial<Bounds>

/** What is switched on for each feature. */
const featureBounds: { readonly [K in keyof Features]: Partial<Bounds> } = {
  storeBuffer: { storeBuffer: 1 },
  x2apic: { storeBuffer: 1, x2apic: true },
  pcids: longMode,
  pae: { pae: true },
  globals: { globals: true },
  protection: { protection: true },
  contents: { contents: true },
  spare: { spare: 1 },
  uncachedLevels: { uncachedLevels: 2 },
  fractured: { fractured: false },
  multihit: { multihit: true },
  alternates: { alternates: true },
  tce: { tce: true },
  pdptes: { levels: 3, pdptes: true },
  invlpgMissesGlobals: { ...longMode, globals: true, invlpgMissesGlobals: true },
  rewalk: { rewalk: true },
  lateAccessed: { lateAccessed: true },
  racyDirty: { racyDirty: true },
  speculativeDirty: { speculation: 1, speculativeDirty: true },
  devices: { devices: 1 },
  deviceTlbs: { devices: 1, deviceTlbs: true },
  dmas: { devices: 1, dmas: 1 },
  staleReads: { staleReads: true },
  anyTable: { anyTable: true },
  interruptShadow: { interruptShadow: true },
  nesting: { nesting: true },
  nmis: { nmis: 1 },
  hotplug: { hotplug: 1 },
  invlpgb: { invlpgb: 1 },
  rar: { rar: 1 },
  vpids: { vpids: 2 },
  svm: { vpids: 2, svm: true },
  ept: { ept: 1 },
  eptTables: { ept: 1, eptTables: true },
  eptLarge: { ept: 1, eptTables: true, eptLarge: true },
  eptDirty: { ept: 1, eptDirty: true },
  keepOnMigration: { migration: true, keepOnMigration: true },
  emulation: { emulation: true },
}
/** Not modelled together with others, or another machine than theirs. */
const alone: ReadonlySet<string> = new Set<keyof Features>([
  'pdptes',
  'invlpgMissesGlobals',
  'racyDirty',
  'devices',
  'deviceTlbs',
  'dmas',
  'staleReads',
  'uncachedLevels',
])

const together: Partial<Bounds> = Object.assign(
  {},
  ...Object.entries(featureBounds).map(([name, bounds]) => (alone.has(name) ? {} : bounds)),
)

/** The rest of the bounds, which every machine has. */
const knobs: Readonly<Record<string, Partial<Bounds>>> = {
  'no structure caches': { structureCaches: false },
  'no VPID': { vpid: false },
  'no preemption': { preemptions: 0 },
  '2 preemptions': { preemptions: 2 },
  '3 levels': { levels: 3 },
  '4 levels': { levels: 4 },
  '5 levels': { levels: 5 },
  '1 speculative walk': { speculation: 1 },
  'TLB eviction': { eviction: true },
  migration: { migration: true },
}

export const variants: Readonly<Record<string, Partial<Bounds>>> = {
  plain: {},
  ...knobs,
  ...featureBounds,
  'all that go together': together,
}

const worldsOf = (variant: string) => seedWorlds(pvGuest, { ...plainBounds, ...variants[variant] })

/** The whole space, or undefined if it is too large. */
function searched(variant: string): Exploration | undefined {
  try {
    return explore(worldsOf(variant).at(seedWorkload), {
      countOnly: true,
      fitted: true,
      maxStates: MAX_STATES,
    })
  } catch (thrown) {
    if (thrown instanceof ShootdownError && thrown.code === 'tooManyStates') return undefined
    throw thrown
  }
}

export async function features(): Promise<Report> {
  const names = Object.keys(variants)
  const contenders: Record<string, () => Counts> = Object.fromEntries(
    names.map((name) => [name, freshRuns(worldsOf(name), RUNS)]),
  )
  const samples = await measure(contenders, REPETITIONS, WARM_UP)
  const plain = searched('plain')!
  return {
    title: 'What features cost',
    about: `A policy of 300 lines (pv-guest), 2 vCPUs, ${tellWorkload(seedWorkload)}; plain: 1 preemption, 2 levels, structure caches, VPID`,
    rows: names.map((variant): Row => {
      const space = searched(variant)
      const words = worldsOf(variant).at(seedWorkload).state.length
      return {
        variant,
        'steps/s': rate(samples[variant], 'steps'),
        'x plain': ratio(samples[variant], 'steps', samples['plain']),
        'state words': words,
        ...(space === undefined
          ? { 'packed bytes': '', states: `over ${MAX_STATES.toLocaleString('en')}`, 'states x plain': '' }
          : {
              'packed bytes': Math.ceil(space.packedBits / BITS),
              states: space.states,
              'states x plain': space.states / plain.states,
            }),
      }
    }),
    floors: [],
  }
}
