/**
 * The workloads that a search for something smaller goes through: all there are, those that are left of one, or those near
 * it. Each list is in the order of workloads, so that of races that cost the same it is always the same one that comes out.
 */
import type { AnyPolicy } from '../guest/policy.ts'
import { isOnce } from '../guest/operations/index.ts'
import { cpusAlike, type Bounds } from '../scenario/bounds.ts'
import { canonicalWorkload, compareWorkloads } from '../scenario/canonical-workload.ts'
import { enumerateWorkloads } from '../scenario/enumerate-workloads.ts'
import { operationCount, operationDomain, type Operation, type Workload } from '../scenario/workload.ts'

/**
 * Canonical workloads of exactly so many operations, on the vCPUs that the bounds have; undefined if they are too many.
 * `workload` is the one that they are to be held against.
 */
export type Candidates = (
  policy: AnyPolicy,
  workload: Workload,
  bounds: Bounds,
  operations: number,
) => Workload[] | undefined

/** Most workloads that a search may go through before one of fewer is tried. */
const MAX_WORKLOADS = 5000
/** Operations that workloads may have at most: to be enumerated, taken apart, or to have one exchanged, or CPUs in common. */
const MAX_ENUMERATED = 3
const MAX_TAKEN_APART = 16
const MAX_EXCHANGED = 6
const MAX_GATHERED = 4

/** All workloads that the generators can make. */
export const allWorkloads: Candidates = (policy, _workload, bounds, operations) => {
  if (operations > MAX_ENUMERATED) return undefined
  const { vcpus, groups } = bounds
  const workloads = enumerateWorkloads(policy, vcpus, operations, groups, cpusAlike(policy, bounds))
  return workloads.length > MAX_WORKLOADS ? undefined : workloads
}

/** Workloads that are left when operations are taken out. */
export const subWorkloads: Candidates = (policy, workload, bounds, operations) => {
  if (operationCount(workload) > MAX_TAKEN_APART) return undefined
  return canonical(policy, bounds, leftOf(policy, workload, bounds, operations))
}

/**
 * Workloads that are left when operations are taken out, and the same with all that is about one page being about another
 * one; of as many operations as it has, also those with one operation exchanged for any other, anywhere. Where it is for
 * more CPUs than there are, some do what others did, before, after or in between.
 */
export const nearWorkloads: Candidates = (policy, workload, bounds, operations) => {
  const all = operationCount(workload)
  if (all > MAX_EXCHANGED) return undefined
  const from = all > MAX_GATHERED ? [workload] : gathered(workload, bounds.vcpus)
  const left = (count: number): Workload[] => from.flatMap((each) => leftOf(policy, each, bounds, count))
  const found = left(operations).flatMap((each) => moved(policy, each, bounds))
  const exchanged =
    operations < all ? [] : left(operations - 1).flatMap((each) => filled(policy, each, bounds))
  const workloads = canonical(policy, bounds, [...found, ...exchanged])
  return workloads.length > MAX_WORKLOADS ? undefined : workloads
}

/** Each of them once, in its canonical form. */
function canonical(policy: AnyPolicy, bounds: Bounds, workloads: readonly Workload[]): Workload[] {
  const { groups } = bounds
  const alike = cpusAlike(policy, bounds)
  const found = new Map<string, Workload>()
  for (const workload of workloads) {
    const stands = canonicalWorkload(workload, policy, groups, alike)
    found.set(JSON.stringify(stands), stands)
  }
  return [...found.values()].toSorted(compareWorkloads(policy, groups))
}

/**
 * What is left with so many operations. Where CPUs are alike, those that are left with something to do come first;
 * otherwise each keeps its number.
 */
function leftOf(policy: AnyPolicy, workload: Workload, bounds: Bounds, operations: number): Workload[] {
  const { vcpus } = bounds
  const alike = cpusAlike(policy, bounds)
  const places = workload.flatMap((ops, cpu) => ops.map((operation) => ({ cpu, operation })))
  const found: Workload[] = []
  for (let mask = 0; mask < 1 << places.length; mask++) {
    const kept = places.filter((_, i) => mask & (1 << i))
    if (kept.length !== operations) continue
    const busy = [...new Set(kept.map(({ cpu }) => cpu))].toSorted((a, b) => a - b)
    const cpus = alike ? busy : workload.map((_, cpu) => cpu)
    if (kept.some(({ cpu }) => cpus.indexOf(cpu) >= vcpus)) continue
    const left: Operation[][] = Array.from({ length: vcpus }, () => [])
    for (const { cpu, operation } of kept) left[cpus.indexOf(cpu)].push(operation)
    found.push(left)
  }
  return found
}

/** The workload itself if there are CPUs enough for it; otherwise with two of them on one until there are. */
function gathered(workload: Workload, vcpus: number): Workload[] {
  const busy = workload.filter((ops) => ops.length > 0)
  if (busy.length <= vcpus) return [workload]
  return busy.flatMap((one, i) =>
    busy.slice(i + 1).flatMap((other, j) => {
      const rest = busy.filter((_, cpu) => cpu !== i && cpu !== i + 1 + j)
      return interleaved(one, other).flatMap((both) => gathered([both, ...rest], vcpus))
    }),
  )
}

/** Both lists as one, in every way that keeps the order of each. */
function interleaved(a: readonly Operation[], b: readonly Operation[]): Operation[][] {
  if (a.length === 0 || b.length === 0) return [[...a, ...b]]
  return [
    ...interleaved(a.slice(1), b).map((rest) => [a[0], ...rest]),
    ...interleaved(a, b.slice(1)).map((rest) => [b[0], ...rest]),
  ]
}

/** The workload itself, and with all that is about one page being about another one. */
function moved(policy: AnyPolicy, workload: Workload, { groups }: Bounds): Workload[] {
  const known = new Set(operationDomain(policy, groups).map(tell))
  const named = new Set(workload.flat().flatMap(({ page }) => page ?? []))
  const elsewhere = [...named].flatMap((from) =>
    groups
      .flat()
      .filter((to) => to !== from)
      .map((to) =>
        workload.map((ops) => ops.map((each) => (each.page === from ? { ...each, page: to } : each))),
      ),
  )
  return [
    workload,
    ...elsewhere.filter((each) => each.flat().every((operation) => known.has(tell(operation)))),
  ]
}

const tell = ({ op, page }: Operation): string => `${op} ${page}`

/** The workload with an operation more, whichever and wherever. */
function filled(policy: AnyPolicy, workload: Workload, { groups }: Bounds): Workload[] {
  const taken = new Set(workload.flat().map(({ op }) => op))
  const domain = operationDomain(policy, groups).filter(({ op }) => !isOnce(policy, op) || !taken.has(op))
  return workload.flatMap((ops, cpu) =>
    Array.from({ length: ops.length + 1 }).flatMap((_, at) =>
      domain.map((operation) => workload.with(cpu, ops.toSpliced(at, 0, operation))),
    ),
  )
}
