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
export function treatsPagesAlike({ symmetric, boot, operations = {} }: AnyPolicy): boolean {
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

/** All orders of the numbers below n. */
export function permutations(n: number): number[][] {
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
  return [...withExactly(operations, [0, operations], { policy, vcpus, groups, alike })]
}

/**
 * All canonical workloads with at most `operations` guest operations; the policy's own operations come in addition,
 * each at most once, since they are part of what is verified rather than of the load. Smallest first, made one by one:
 * there may be more of them than anybody can wait for.
 */
export function* eachBoundedWorkload(
  policy: AnyPolicy,
  vcpus: number,
  operations: number,
  groups = DEFAULT_GROUPS,
  alike = treatsCpusAlike(policy),
): Generator<Workload, void> {
  const own = operationNames(policy).filter((op) => isOnce(policy, op)).length
  for (let total = 1; total <= operations + own; total++)
    yield* withExactly(total, [1, operations], { policy, vcpus, groups, alike })
}

/** The workloads of {@link eachBoundedWorkload}, all at once. */
export const boundedWorkloads = (...args: Parameters<typeof eachBoundedWorkload>): Workload[] => [
  ...eachBoundedWorkload(...args),
]

interface Space {
  readonly policy: AnyPolicy
  readonly vcpus: number
  readonly groups: Groups
  readonly alike: boolean
}

/**
 * Canonical workloads of `total` operations, from `guest[0]` to `guest[1]` of them of the guest and the others different
 * ones of the policy. They are made in the order of {@link compareWorkloads}: busy CPUs, then CPU by CPU the longer list
 * first, then operation by operation. A beginning that no canonical workload has is given up at once.
 */
function* withExactly(
  total: number,
  guest: readonly [least: number, most: number],
  { policy, vcpus, groups, alike }: Space,
): Generator<Workload, void> {
  const domain = operationDomain(policy, groups)
  const pagesAlike = treatsPagesAlike(policy)
  const orders = alike ? permutations(vcpus) : []
  const workload: Operation[][] = Array.from({ length: vcpus }, () => [])
  const pagesNamed = groups.map(() => 0)
  let guests = 0

  /** Whether an operation may come next; that it came is noted until it is taken back. */
  const push = (cpu: number, operation: Operation): (() => void) | undefined => {
    const { op, page } = operation
    const isGuest = !isOnce(policy, op)
    if (isGuest ? guests === guest[1] : workload.some((ops) => ops.includes(operation))) return undefined
    const group = page === undefined ? -1 : groups.findIndex((pages) => pages.includes(page))
    const renamed = pagesAlike && group >= 0 && subjectOf(policy, op) !== 'region'
    const place = renamed ? groups[group].indexOf(page!) : -1
    // Pages of a group are named in their order.
    if (renamed && place > pagesNamed[group]) return undefined
    const named = renamed && place === pagesNamed[group] ? 1 : 0
    if (named > 0) pagesNamed[group]++
    if (isGuest) guests++
    workload[cpu].push(operation)
    return () => {
      workload[cpu].pop()
      if (isGuest) guests--
      if (named > 0) pagesNamed[group]--
    }
  }

  /** Fills one CPU with so many operations, and then those behind it. */
  function* fill(cpu: number, length: number, left: number, busy: number): Generator<Workload, void> {
    if (workload[cpu].length === length) {
      yield* from(cpu + 1, left, busy)
      return
    }
    for (const operation of domain) {
      const pop = push(cpu, operation)
      if (pop === undefined) continue
      yield* fill(cpu, length, left, busy)
      pop()
    }
  }

  /** Distributes the operations that are left over the CPUs from one on, `busy` of which get some. */
  function* from(cpu: number, left: number, busy: number): Generator<Workload, void> {
    if (cpu === vcpus) {
      if (left === 0 && busy === 0 && guests >= guest[0] && isFirst())
        yield workload.map((ops) => ops.map((operation) => ({ ...operation })))
      return
    }
    // Where CPUs are alike, none has more to do than the one before it.
    const most = alike && cpu > 0 ? Math.min(left, workload[cpu - 1].length) : left
    for (let length = most; length >= 0; length--) {
      const others = length > 0 ? busy - 1 : busy
      if (others < 0 || others > vcpus - cpu - 1 || left - length < others) continue
      if (others === 0 && left > length) continue
      yield* fill(cpu, length, left - length, others)
    }
  }

  /** Whether a renumbering gives each CPU as many operations as it has, and leaves idle ones alone: others come later. */
  const matters = (order: readonly number[]): boolean =>
    order.every((cpu, i) => {
      const { length } = workload[i]
      return length === 0 ? cpu === i : length === workload[cpu].length
    })
  /** Whether no renumbering of the CPUs gives a workload that comes earlier. */
  const isFirst = (): boolean =>
    orders.every((order) => {
      if (!matters(order)) return true
      const renumbered = order.map((cpu) => workload[cpu])
      const candidate = pagesAlike ? renamePages(policy, renumbered, groups) : renumbered
      return lexicographic(domain, candidate, workload) >= 0
    })

  for (let busy = Math.min(1, total); busy <= Math.min(vcpus, total); busy++) yield* from(0, total, busy)
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
