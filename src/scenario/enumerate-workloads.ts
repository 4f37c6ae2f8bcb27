/** All canonical workloads of a size, or up to one, in the order of their size as counterexamples go. */
import type { AnyPolicy } from '../guest/policy.ts'
import { isOnce, operationNames } from '../guest/operations/index.ts'
import {
  type Operation,
  type Workload,
  type Groups,
  DEFAULT_GROUPS,
  subjectOf,
  operationDomain,
} from './workload.ts'
import {
  treatsCpusAlike,
  treatsPagesAlike,
  renamePages,
  lexicographic,
  permutations,
} from './canonical-workload.ts'

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
