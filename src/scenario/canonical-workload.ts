/**
 * Workloads that differ only in the numbering of CPUs or of equivalent pages are the same workload; the canonical one,
 * which is the smallest, stands for all.
 */
import type { AnyPolicy } from '../guest/policy.ts'
import {
  type Operation,
  type Workload,
  type Groups,
  DEFAULT_GROUPS,
  operationCount,
  busyCpus,
  subjectOf,
  operationDomain,
} from './workload.ts'

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
export function treatsPagesAlike({ symmetric, boot, operations = {} }: AnyPolicy): boolean {
  if (symmetric === true || symmetric === 'cpus') return symmetric === true
  return boot === undefined && Object.values(operations).every(({ subject = 'none' }) => subject === 'none')
}

/** Renames pages within their groups so that the first one named is the first of its group. */
export function renamePages(policy: AnyPolicy, workload: Workload, groups: Groups): Workload {
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

export function lexicographic(domain: readonly Operation[], a: Workload, b: Workload): number {
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

export function permutations(n: number): number[][] {
  if (n === 0) return [[]]
  return permutations(n - 1).flatMap((rest) =>
    Array.from({ length: n }, (_, i) => [...rest.slice(0, i), n - 1, ...rest.slice(i)]),
  )
}
