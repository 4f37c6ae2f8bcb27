/**
 * Races from random starting points: of workloads that are drawn as a hunt draws them, and of workloads that have what it
 * takes somewhere among other operations, on CPUs and pages in any order; raced by each strategy in turn. The second kind
 * is for races that the first one would seldom meet.
 */
import {
  boundsFor,
  operationDomain,
  Random,
  Runner,
  Worlds,
  type Bounds,
  type Operation,
  type Policy,
  type Race,
  type Workload,
} from '../../src/index.ts'
import { strategies, strategyNamed } from '../../src/explore/strategies.ts'
import { isOnce } from '../../src/guest/operations/index.ts'
import { sampleWorkload } from '../../src/scenario/sample.ts'
import type { MinimalRace } from './minimal-races.ts'
import { treatsCpusAlike, treatsPagesAlike } from '../../src/scenario/canonical-workload.ts'

const OPERATIONS = 4
/** Operations that what it takes is hidden among, at most. */
const OTHERS = 2
/** Schedules that are tried of each workload. */
const DRAWN_RUNS = 40
const HIDDEN_RUNS = 400
const MAX_SEEDS = 5000
/** Steps that PCT may spread its change points over. */
const LENGTH = 60

/** So many races of a policy, of an invariant, from as many starting points. */
export function starts(policy: Policy, row: MinimalRace, count: number): Race[] {
  const { invariant, workload: known } = row
  const bounds = boundsFor(policy, row.bounds)
  const worlds = new Worlds(policy, bounds)
  const runner = new Runner()
  const names = Object.keys(strategies)
  const found: Race[] = []
  for (let seed = 1; found.length < count; seed++) {
    if (seed > MAX_SEEDS) throw new Error(`${policy.name}: ${invariant} is met too seldom`)
    const random = new Random(seed)
    const isDrawn = seed % 2 === 0
    const { vcpus, groups } = bounds
    const workload = isDrawn
      ? sampleWorkload(random, policy, { vcpus, operations: OPERATIONS, groups })
      : hide(random, policy, bounds, known)
    const world = worlds.at(workload)
    const strategy = strategyNamed(names[(seed >> 1) % names.length], seed, LENGTH)
    for (let run = 0; run < (isDrawn ? DRAWN_RUNS : HIDDEN_RUNS); run++) {
      const { steps, violation } = runner.run(world, strategy)
      if (violation?.invariant !== invariant) continue
      found.push({ policy, bounds, workload, schedule: runner.schedule.slice(0, steps), violation })
      break
    }
  }
  return found
}

/** The workload, renumbered where the policy does not mind, with some operations more. */
function hide(random: Random, policy: Policy, bounds: Bounds, workload: Workload): Workload {
  const { vcpus, groups } = bounds
  const domain = operationDomain(policy, groups)
  const others = domain.filter(({ op }) => !isOnce(policy, op))
  const pages = new Map(
    groups.flatMap((group) => {
      const order = treatsPagesAlike(policy) ? shuffled(random, group) : group
      return group.map((page, i) => [page, order[i]] as const)
    }),
  )
  const isKnown = ({ op, page }: Operation): boolean =>
    domain.some((each) => each.op === op && each.page === page)
  const cpus = Array.from({ length: vcpus }, (_, cpu) => cpu)
  const order = treatsCpusAlike(policy) ? shuffled(random, cpus) : cpus
  const hidden = order.map((cpu) =>
    (workload[cpu] ?? []).map((operation) => {
      const { op, page } = operation
      const renamed = page === undefined ? operation : { op, page: pages.get(page)! }
      // A region is named by its first page alone.
      return isKnown(renamed) ? renamed : operation
    }),
  )
  for (let left = random.below(OTHERS + 1); left > 0; left--) {
    const ops = hidden[random.below(vcpus)]
    ops.splice(random.below(ops.length + 1), 0, others[random.below(others.length)])
  }
  return hidden
}

function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const left = [...list]
  return list.map(() => left.splice(random.below(left.length), 1)[0])
}
