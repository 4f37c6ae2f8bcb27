/**
 * A guest workload: what each CPU does, one operation after the other. Workloads that differ only in the numbering of
 * CPUs or of equivalent pages are the same workload; the canonical one stands for all.
 */
import { fail } from '../errors.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { guestOperations, type Subject } from '../guest/operations/index.ts'

export interface Operation {
  readonly op: string
  /** The page it is about; for a region, its first page; absent where it is about none. */
  readonly page?: number
}

/** Operations by CPU. */
export type Workload = readonly (readonly Operation[])[]

/** The pages that workloads can name: each group is mapped by one table; a whole group is a region. */
type Groups = readonly (readonly number[])[]
export const DEFAULT_GROUPS: Groups = [[0], [2, 3]]

export const operationCount = (workload: Workload): number =>
  workload.reduce((sum, ops) => sum + ops.length, 0)

/** CPUs that have something to do. */
export const busyCpus = (workload: Workload): number => workload.filter((ops) => ops.length > 0).length

export const subjectOf = (policy: AnyPolicy, op: string): Subject | undefined =>
  guestOperations[op]?.subject ?? (Object.hasOwn(policy.operations ?? {}, op) ? 'none' : undefined)

/** Every operation that a workload for this policy can contain, in the order of their size as counterexamples go. */
export function operationDomain(policy: AnyPolicy, groups = DEFAULT_GROUPS): Operation[] {
  const names = [...Object.keys(guestOperations), ...Object.keys(policy.operations ?? {})]
  return names.flatMap((op): Operation[] => {
    const subject = subjectOf(policy, op)
    if (subject === 'page') return groups.flat().map((page) => ({ op, page }))
    if (subject === 'region')
      return groups.filter((group) => group.length > 1).map((group) => ({ op, page: group[0] }))
    return [{ op }]
  })
}

/** Pages that have to be mapped for a workload: the groups that it touches, or the first. */
export function mappedPages(workload: Workload, groups = DEFAULT_GROUPS): number[] {
  const touched = new Set(workload.flat().map(({ page }) => page))
  const used = groups.filter((group) => group.some((page) => touched.has(page)))
  return (used.length > 0 ? used : groups.slice(0, 1)).flat()
}

const rank = (domain: readonly Operation[], { op, page }: Operation): number =>
  domain.findIndex((other) => other.op === op && other.page === page)

/** Smaller first: fewer operations on later CPUs, then operations in the order of the domain. */
function compare(domain: readonly Operation[], a: readonly Operation[], b: readonly Operation[]): number {
  if (a.length !== b.length) return b.length - a.length
  for (let i = 0; i < a.length; i++) {
    const difference = rank(domain, a[i]) - rank(domain, b[i])
    if (difference !== 0) return difference
  }
  return 0
}

/** Renames pages within their groups so that the first one named is the first of its group. */
function renamePages(workload: Workload, groups: readonly (readonly number[])[]): Workload {
  const names = new Map<number, number>()
  const next = groups.map(() => 0)
  return workload.map((ops) =>
    ops.map(({ op, page }): Operation => {
      if (page === undefined) return { op }
      const group = groups.findIndex((pages) => pages.includes(page))
      if (guestOperations[op]?.subject === 'region') return { op, page }
      if (!names.has(page)) names.set(page, groups[group][next[group]++])
      return { op, page: names.get(page)! }
    }),
  )
}

/**
 * The workload that stands for all that differ from it only by the numbering of pages within a table, and of CPUs where
 * those are `alike`: where the policy treats them so, and each has a pCPU of its own.
 */
export function canonicalWorkload(
  workload: Workload,
  policy: AnyPolicy,
  groups = DEFAULT_GROUPS,
  alike = policy.symmetric === true,
): Workload {
  const domain = operationDomain(policy, groups)
  let best: Workload | undefined
  const orders = alike ? permutations(workload.length) : [workload.map((_, cpu) => cpu)]
  for (const order of orders) {
    const candidate = renamePages(
      order.map((cpu) => workload[cpu]),
      groups,
    )
    if (best === undefined || lexicographic(domain, candidate, best) < 0) best = candidate
  }
  return best!
}

function lexicographic(domain: readonly Operation[], a: Workload, b: Workload): number {
  for (let cpu = 0; cpu < a.length; cpu++) {
    const difference = compare(domain, a[cpu], b[cpu])
    if (difference !== 0) return difference
  }
  return 0
}

/** Sorts workloads: fewer operations, then fewer busy CPUs, then by their operations. */
export function compareWorkloads(
  policy: AnyPolicy,
  groups = DEFAULT_GROUPS,
): (a: Workload, b: Workload) => number {
  const domain = operationDomain(policy, groups)
  return (a, b) =>
    operationCount(a) - operationCount(b) || busyCpus(a) - busyCpus(b) || lexicographic(domain, a, b)
}

function permutations(n: number): number[][] {
  if (n === 0) return [[]]
  return permutations(n - 1).flatMap((rest) =>
    Array.from({ length: n }, (_, i) => [...rest.slice(0, i), n - 1, ...rest.slice(i)]),
  )
}

/** All canonical workloads with exactly `operations` operations on at most `vcpus` CPUs, smallest first. */
export function enumerateWorkloads(
  policy: AnyPolicy,
  vcpus: number,
  operations: number,
  groups = DEFAULT_GROUPS,
  alike = policy.symmetric === true,
): Workload[] {
  const own = Object.keys(policy.operations ?? {}).length
  const found: Workload[] = []
  for (let extra = 0; extra <= Math.min(own, operations); extra++) {
    found.push(...enumerateWith(policy, vcpus, operations - extra, extra, groups, alike))
  }
  return found.toSorted(compareWorkloads(policy, groups))
}

/**
 * All canonical workloads with at most `operations` guest operations; the policy's own operations come in addition,
 * each at most once, since they are part of what is verified rather than of the load. Smallest first.
 */
export function boundedWorkloads(
  policy: AnyPolicy,
  vcpus: number,
  operations: number,
  groups = DEFAULT_GROUPS,
  alike = policy.symmetric === true,
): Workload[] {
  const own = Object.keys(policy.operations ?? {}).length
  const found: Workload[] = []
  for (let guest = 1; guest <= operations; guest++) {
    for (let extra = 0; extra <= own; extra++)
      found.push(...enumerateWith(policy, vcpus, guest, extra, groups, alike))
  }
  return found.toSorted(compareWorkloads(policy, groups))
}

/** Canonical workloads with exactly so many guest operations and so many different operations of the policy. */
function enumerateWith(
  policy: AnyPolicy,
  vcpus: number,
  guest: number,
  extra: number,
  groups: Groups,
  alike: boolean,
): Workload[] {
  const domain = operationDomain(policy, groups)
  const found = new Map<string, Workload>()
  const extend = (workload: Operation[][], guestLeft: number, extraLeft: number, cpu: number): void => {
    if (guestLeft + extraLeft === 0) {
      const canonical = canonicalWorkload(workload, policy, groups, alike)
      found.set(JSON.stringify(canonical), canonical)
      return
    }
    for (let at = cpu; at < vcpus; at++) {
      // Where CPUs are alike, a later one may begin only when the one before it has something to do, and never with more than it.
      if (alike && at > 0 && workload[at - 1].length <= workload[at].length) continue
      for (const operation of domain) {
        const isGuest = guestOperations[operation.op] !== undefined
        if (isGuest ? guestLeft === 0 : extraLeft === 0 || workload.some((ops) => ops.includes(operation)))
          continue
        workload[at].push(operation)
        extend(workload, guestLeft - (isGuest ? 1 : 0), extraLeft - (isGuest ? 0 : 1), at)
        workload[at].pop()
      }
    }
  }
  extend(
    Array.from({ length: vcpus }, () => []),
    guest,
    extra,
    0,
  )
  return [...found.values()]
}

/** Checks a workload from outside, for machines with the pages of `groups` and `vcpus` CPUs. */
export function checkWorkload(
  where: string,
  workload: Workload,
  policy: AnyPolicy,
  groups = DEFAULT_GROUPS,
  vcpus = workload.length,
): void {
  if (workload.length > vcpus) throw fail.workloadTooWide(where, workload.length, vcpus)
  for (const { op, page } of workload.flat()) {
    const subject = subjectOf(policy, op)
    if (subject === undefined) {
      const known = operationDomain(policy, groups).map((each) => each.op)
      throw fail.badWorkload(
        where,
        `operation "${op}" is not known to policy "${policy.name}"; known: ${[...new Set(known)].join(', ')}`,
      )
    }
    if (subject === 'none' && page !== undefined)
      throw fail.badWorkload(where, `operation "${op}" takes no page, but has page ${page}`)
    if (subject === 'page' && (page === undefined || !groups.flat().includes(page))) {
      throw fail.badWorkload(
        where,
        `operation "${op}" has page ${page ?? 'missing'}; expected one of ${groups.flat().join(', ')}`,
      )
    }
    if (subject === 'region' && !groups.some((group) => group.length > 1 && group[0] === page)) {
      throw fail.badWorkload(
        where,
        `operation "${op}" has page ${page ?? 'missing'}; expected the first page of a fully mapped table`,
      )
    }
  }
}
