/** Which workloads are the same, found the plain way: by renumbering CPUs and pages in every way there is. */
import { guestOperations } from '../../src/guest/operations/index.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { operationDomain, type Operation, type Workload } from '../../src/scenario/workload.ts'

type Groups = readonly (readonly number[])[]

export function permutations<T>(list: readonly T[]): T[][] {
  if (list.length === 0) return [[]]
  return list.flatMap((first, i) => permutations(list.toSpliced(i, 1)).map((rest) => [first, ...rest]))
}

/** Every way to rename pages within their groups. */
export function renamings(groups: Groups): Map<number, number>[] {
  return groups.reduce<Map<number, number>[]>(
    (sofar, group) =>
      permutations(group).flatMap((order) =>
        sofar.map((known) => new Map([...known, ...group.map((page, i) => [page, order[i]] as const)])),
      ),
    [new Map()],
  )
}

/** The workload with its pages renamed; a region is named by its first page whatever its pages are called. */
export const renamed = (workload: Workload, names: ReadonlyMap<number, number>): Workload =>
  workload.map((ops) =>
    ops.map((each): Operation => {
      if (each.page === undefined || guestOperations[each.op]?.subject === 'region') return each
      return { op: each.op, page: names.get(each.page)! }
    }),
  )

/** A text that is the same for two workloads exactly if renumbering makes one of the other; of CPUs only if `alike`. */
export function orbitOf(workload: Workload, groups: Groups, alike = true): string {
  const all = renamings(groups)
    .map((names) => renamed(workload, names))
    .flatMap((each) => (alike ? permutations(each) : [each]).map((order) => JSON.stringify(order)))
  return all.toSorted()[0]
}

/** All workloads of `guest` guest operations and `own` different operations of the policy, none left out as equal. */
export function everyWorkload(
  policy: AnyPolicy,
  vcpus: number,
  guest: number,
  own: number,
  groups: Groups,
): Workload[] {
  const domain = operationDomain(policy, groups)
  const isOwn = ({ op }: Operation): boolean => guestOperations[op] === undefined
  const grow = (count: number): Workload[] => {
    if (count === 0) return [Array.from({ length: vcpus }, () => [])]
    return grow(count - 1).flatMap((workload) =>
      workload.flatMap((ops, cpu) => domain.map((operation) => workload.with(cpu, [...ops, operation]))),
    )
  }
  return grow(guest + own).filter((workload) => {
    const mine = workload.flat().filter(isOwn)
    return mine.length === own && new Set(mine.map(({ op }) => op)).size === own
  })
}
