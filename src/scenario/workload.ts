/**
 * A guest workload: what each CPU does, one operation after the other. Workloads that differ only in the numbering of
 * CPUs or of equivalent pages are the same workload; the canonical one stands for all.
 */
import { fail } from '../errors.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { isOnce, operationNamed, operationNames, type Subject } from '../guest/operations/index.ts'

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

export function subjectOf(policy: AnyPolicy, op: string): Subject | undefined {
  const known = operationNamed(policy, op)
  return known === undefined ? undefined : (known.subject ?? 'none')
}

/** Every operation that a workload for this policy can contain, in the order of their size as counterexamples go. */
export function operationDomain(policy: AnyPolicy, groups = DEFAULT_GROUPS): Operation[] {
  return operationNames(policy).flatMap((op): Operation[] => {
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

/** True if renumbering CPUs changes nothing to the policy. */
export const treatsCpusAlike = ({ symmetric }: AnyPolicy): boolean =>
  symmetric === true || symmetric === 'cpus'

/** True if renumbering the pages of a table changes nothing to it: not where code of its own may tell them apart. */
function treatsPagesAlike({ symmetric, boot, operations = {} }: AnyPolicy): boolean {
  if (symmetric === true || symmetric === 'cpus') return symmetric === true
  return boot === undefined && Object.values(operations).every(({ subject = 'none' }) => subject === 'none')
}

/** Renames pages within their groups so that the first one named is the first of its group. */
function renamePages(policy: AnyPolicy, workload: Workload, groups: Groups): Workload {
  const names = new Map<number, number>()
  const next = groups.map(() => 0)
  return workload.map((ops) =>
    ops.map(({ op, page }): Operation => {
      if (page === undefined) return { op }
      const group = groups.findIndex((pages) => pages.includes(page))
      if (subjectOf(policy, op) === 'region') return { op, page }
      if (!names.has(page)) names.set(page, groups[group][next[group]++])
      return { op, page: names.get(page)! }
    }),
  )
}

/**
 * The workload that stands for all that differ from it only by the numbering of pages within a table, where the policy
 * treats them alike, and of CPUs where those are `alike`: where the policy treats them so, and each has its own pCPU.
 */
export function canonicalWorkload(
  workload: Workload,
  policy: AnyPolicy,
  groups = DEFAULT_GROUPS,
  alike = treatsCpusAlike(policy),
): Workload {
  const domain = operationDomain(policy, groups)
  const pagesAlike = treatsPagesAlike(policy)
  let best: Workload | undefined
  const orders = alike ? permutations(workload.length) : [workload.map((_, cpu) => cpu)]
  for (const order of orders) {
    const ordered = order.map((cpu) => [...workload[cpu]])
    const candidate = pagesAlike ? renamePages(policy, ordered, groups) : ordered
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
  alike = treatsCpusAlike(policy),
): Workload[] {
  const own = operationNames(policy).filter((op) => isOnce(policy, op)).length
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
  alike = treatsCpusAlike(policy),
): Workload[] {
  const own = operationNames(policy).filter((op) => isOnce(policy, op)).length
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
        const isGuest = !isOnce(policy, operation.op)
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

/** Checks a workload from outside. */
export function checkWorkload(
  where: string,
  workload: Workload,
  policy: AnyPolicy,
  groups = DEFAULT_GROUPS,
): void {
  for (const { op, page } of workload.flat()) {
    const subject = subjectOf(policy, op)
    if (subject === undefined) {
      const known = operationNames(policy)
      throw fail.badWorkload(
        where,
        `operation "${op}" is not known to policy "${policy.name}"; known: ${known.join(', ')}`,
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
