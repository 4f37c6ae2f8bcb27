/**
 * The proof that a race is minimal: every strictly smaller workload and schedule was searched. A certificate says what
 * "every" means (its scope) and how much was searched; it can be proved again at any time.
 */
import type { MemoryLimit } from '../engine/memory.ts'
import { checkSymmetry } from '../explore/symmetry.ts'
import { makeBounds, type Bounds } from '../scenario/bounds.ts'
import { sizeOf, type Race } from '../scenario/race.ts'
import { operationCount, type Workload } from '../scenario/workload.ts'
import { Worlds } from '../scenario/worlds.ts'
import { allWorkloads, nearWorkloads, subWorkloads, type Candidates } from './candidates.ts'
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

/** Most states that a search goes through, unless told otherwise. */
export const MAX_STATES = 5_000_000

/**
 * Finds the smallest race of an invariant among workloads of at most as many operations as `race` has, and proves that
 * there is none smaller. Machines have as many vCPUs as that of `race` or fewer: one operation less on any of them is
 * smaller. Undefined if the scope is too large to be searched; and for a race that goes round for ever, which this search
 * does not see: `certifyLivelock` does.
 */
export function certify(race: Race, scope: Scope, options: CertifyOptions = {}): Certified | undefined {
  if (race.cycle !== undefined) return undefined
  const candidates = scope === 'all-workloads' ? allWorkloads : subWorkloads
  const { policy, workload, bounds } = race
  if (candidates(policy, workload, bounds, operationCount(workload)) === undefined) return undefined
  const spent = nothingSpent()
  const found = smallest(race, candidates, spent, options)
  if (found === undefined) return undefined
  if (found.own) return certified(race, found.best, scope, spent)
  // What counts as searched is what is smaller than the race that came out, whichever race it began with.
  Object.assign(spent, found.before)
  const proven = searchGroup(found.group, costOf(found.best), spent, options)
  return proven === undefined || proven === 'too large' ? undefined : certified(race, proven, scope, spent)
}

/**
 * The smallest race near another one (see {@link nearWorkloads}), the smallest near that, and so on until none is smaller:
 * what comes out depends far less on where it began. That race itself if there is nothing smaller near it; or as far as the
 * search came, if it was ended early or became too large.
 */
export function descend(race: Race, options: CertifyOptions = {}): Race {
  for (let best = race; ;) {
    const from = { ...best, bounds: race.bounds }
    const found = smallest(from, nearWorkloads, nothingSpent(), options)
    if (found === undefined || sameWorkload(found.best, best)) return best
    best = found.best
  }
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

/** Candidates of as many operations each, on one machine. */
interface Group {
  readonly race: Race
  readonly bounds: Bounds
  readonly candidates: readonly Workload[]
}

interface Smallest {
  readonly best: Race
  /** The group that it is in, and what was searched before that. */
  readonly group: Group
  readonly before: Spent
  /** True if it is as small as the race that the search began with. */
  readonly own: boolean
}

/** The smallest race of the first group that has any; undefined where that is too large to be found out. */
function smallest(
  race: Race,
  candidatesOf: Candidates,
  spent: Spent,
  options: CertifyOptions,
): Smallest | undefined {
  const { policy, workload } = race
  for (let operations = 1; operations <= operationCount(workload); operations++) {
    for (let vcpus = 1; vcpus <= race.bounds.vcpus; vcpus++) {
      const bounds = withVcpus(race.bounds, vcpus)
      checkSymmetry(policy, bounds)
      const candidates = candidatesOf(policy, workload, bounds, operations)
      if (candidates === undefined) return undefined
      const ownGroup = operations === operationCount(workload) && vcpus === race.bounds.vcpus
      const group = { race, bounds, candidates }
      const before = { ...spent }
      const best = searchGroup(group, ownGroup ? costOf(race) : undefined, spent, options)
      if (best === 'too large') return undefined
      if (best === undefined) continue
      return { best, group, before, own: ownGroup && sameCost(costOf(best), costOf(race)) }
    }
  }
  return undefined
}

/** The smallest race among the candidates that costs no more than `atMost`; the first of those that cost the same. */
function searchGroup(
  group: Group,
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

const sameWorkload = (a: Race, b: Race): boolean => JSON.stringify(a.workload) === JSON.stringify(b.workload)

const sameCost = (a: Cost, b: Cost): boolean => a.switches === b.switches && a.steps === b.steps

/** The same bounds on a machine with fewer vCPUs. */
export function withVcpus(bounds: Bounds, vcpus: number): Bounds {
  return makeBounds({ ...bounds, vcpus, pcpus: Math.min(bounds.pcpus, vcpus) })
}
