/** A guest workload: what each CPU does, one operation after the other, and what operations there are to choose from. */
import type { AnyPolicy } from '../guest/policy.ts'
import { operationNamed, operationNames, type Subject } from '../guest/operations/index.ts'

export interface Operation {
  readonly op: string
  /** The page it is about; for a region, its first page; absent where it is about none. */
  readonly page?: number
}

/** Operations by CPU. */
export type Workload = readonly (readonly Operation[])[]

/** The pages that workloads can name: each group is mapped by one table; a whole group is a region. */
export type Groups = readonly (readonly number[])[]

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
