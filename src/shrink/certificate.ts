/**
 * The proof that a race is minimal: every strictly smaller workload and schedule was searched. A certificate says what
 * "every" means (its scope) and how much was searched; it can be proved again at any time.
 */
import type { MemoryLimit } from '../engine/memory.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { checkSymmetry } from '../explore/symmetry.ts'
import { cpusAlike, makeBounds, type Bounds } from '../scenario/bounds.ts'
import { sizeOf, type Race } from '../scenario/race.ts'
import { canonicalWorkload } from '../scenario/canonical-workload.ts'
import { enumerateWorkloads } from '../scenario/enumerate-workloads.ts'
import { operationCount, type Operation, type Workload } from '../scenario/workload.ts'
import { Worlds } from '../scenario/worlds.ts'
import { shortest, type Cost } from './shortest.ts'
import { nothingSpent, spend, type Spent } from './spent.ts'

/** All workloads with as many operations or fewer; or all that are left when operations are taken out of this one. */
export type Scope = 'all-workloads' | 'sub-workloads'

export interface Certificate {
  readonly scope: Scope
  /** Workloads searched. */
  readonly workloads: number
  /** States looked at in all of them. */
  readonly states: number
  /** The largest machine searched, where the race came out on a smaller one. */
  readonly machine?: { readonly vcpus: number; readonly pcpus: number } | undefined
}

export interface Certified {
  readonly race: Race
  readonly certificate: Certificate
}

export interface CertifyOptions {
  /** Give up beyond this many states. */
  readonly maxStates?: number
  readonly stop?: () => boolean
  /** Give up where a search would take more memory. */
  readonly memory?: MemoryLimit | undefined
  /** What all searches cost is added here: those too that come to nothing. */
  readonly spent?: Spent | undefined
}

/** Most workloads that a scope may have before the next smaller scope is tried. */
const MAX_WORKLOADS = 5000
const MAX_STATES = 5_000_000

/**
 * Finds the smallest race of an invariant among workloads of at most as many operations as `race` has, and proves that
 * there is none smaller. Machines have as many vCPUs as that of `race` or fewer: one operation less on any of them is
 * smaller. Undefined if the scope is too large to be searched; and for a race that goes round for ever, which this search
 * does not see: `certifyLivelock` does.
 */
export function certify(race: Race, scope: Scope, options: CertifyOptions = {}): Certified | undefined {
  if (race.cycle !== undefined) return undefined
  const spent = nothingSpent()
  for (let operations = 1; operations <= operationCount(race.workload); operations++) {
    for (let vcpus = 1; vcpus <= race.bounds.vcpus; vcpus++) {
      const bounds = withVcpus(race.bounds, vcpus)
      checkSymmetry(race.policy, bounds)
      const candidates =
        scope === 'all-workloads' ? all(race.policy, bounds, operations) : subsets(race, bounds, operations)
      if (candidates === undefined) return undefined
      const ownGroup = operations === operationCount(race.workload) && vcpus === race.bounds.vcpus
      const group = { race, bounds, candidates }
      const before = { ...spent }
      const best = searchGroup(group, ownGroup ? costOf(race) : undefined, spent, options)
      if (best === 'too large') return undefined
      if (best === undefined) continue
      if (ownGroup && sameCost(costOf(best), costOf(race))) return certified(race, best, scope, spent)
      // What counts as searched is what is smaller than the race that came out, whichever race it began with.
      Object.assign(spent, before)
      const proven = searchGroup(group, costOf(best), spent, options)
      return proven === undefined || proven === 'too large'
        ? undefined
        : certified(race, proven, scope, spent)
    }
  }
  return undefined
}

/** Proves a certificate again: the same search, which comes to the same certificate if nothing has changed. */
export function certifyAgain(
  { race, certificate }: Certified,
  options: CertifyOptions = {},
): Certified | undefined {
  const bounds = { ...race.bounds, ...certificate.machine }
  return certify({ ...race, bounds }, certificate.scope, options)
}

function certified(from: Race, race: Race, scope: Scope, spent: Spent): Certified {
  const { vcpus, pcpus } = from.bounds
  const machine = vcpus === race.bounds.vcpus ? {} : { machine: { vcpus, pcpus } }
  return { race, certificate: { scope, ...spent, ...machine } }
}

/** The smallest race among the candidates that costs no more than `atMost`; the first of those that cost the same. */
function searchGroup(
  group: { race: Race; bounds: Bounds; candidates: readonly Workload[] },
  atMost: Cost | undefined,
  spent: Spent,
  { maxStates = MAX_STATES, stop, memory, spent: all }: CertifyOptions,
): Race | 'too large' | undefined {
  const { race, bounds, candidates } = group
  const worlds = new Worlds(race.policy, bounds)
  let best: Race | undefined
  let below = atMost && { ...atMost, steps: atMost.steps + 1 }
  for (const workload of candidates) {
    if (stop?.() === true || spent.states > maxStates) return 'too large'
    const search = { invariant: race.violation.invariant, maxStates: maxStates - spent.states, memory }
    const result = shortest(worlds.at(workload), below === undefined ? search : { ...search, below })
    spend(spent, result.states)
    spend(all, result.states)
    if (!result.complete) return 'too large'
    if (result.found === undefined) continue
    const { schedule, violation, cost } = result.found
    best = { policy: race.policy, bounds, workload, schedule, violation }
    below = cost
  }
  return best
}

const costOf = (race: Race): Cost => sizeOf(new Worlds(race.policy, race.bounds).at(race.workload), race)

const sameCost = (a: Cost, b: Cost): boolean => a.switches === b.switches && a.steps === b.steps

/** The same bounds on a machine with fewer vCPUs. */
export function withVcpus(bounds: Bounds, vcpus: number): Bounds {
  return makeBounds({ ...bounds, vcpus, pcpus: Math.min(bounds.pcpus, vcpus) })
}

function all(policy: AnyPolicy, bounds: Bounds, operations: number): Workload[] | undefined {
  if (operations > 3) return undefined
  const workloads = enumerateWorkloads(
    policy,
    bounds.vcpus,
    operations,
    bounds.groups,
    cpusAlike(policy, bounds),
  )
  return workloads.length > MAX_WORKLOADS ? undefined : workloads
}

/**
 * Workloads of `operations` operations that are left of a race's workload when the others are taken out. Where CPUs are
 * alike, those that are left with something to do come first; otherwise each keeps its number.
 */
function subsets(race: Race, bounds: Bounds, operations: number): Workload[] | undefined {
  const { policy, workload } = race
  const { vcpus, groups } = bounds
  const alike = cpusAlike(policy, bounds)
  const places = workload.flatMap((ops, cpu) => ops.map((operation) => ({ cpu, operation })))
  if (places.length > 16) return undefined
  const found = new Map<string, Workload>()
  for (let mask = 0; mask < 1 << places.length; mask++) {
    const kept = places.filter((_, i) => mask & (1 << i))
    if (kept.length !== operations) continue
    const busy = [...new Set(kept.map(({ cpu }) => cpu))].toSorted((a, b) => a - b)
    const cpus = alike ? busy : workload.map((_, cpu) => cpu)
    if (kept.some(({ cpu }) => cpus.indexOf(cpu) >= vcpus)) continue
    const left: Operation[][] = Array.from({ length: vcpus }, () => [])
    for (const { cpu, operation } of kept) left[cpus.indexOf(cpu)].push(operation)
    const canonical = canonicalWorkload(left, policy, groups, alike)
    found.set(JSON.stringify(canonical), canonical)
  }
  return [...found.values()]
}
