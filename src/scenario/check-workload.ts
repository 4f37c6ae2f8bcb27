/** Workloads that come from outside: from a corpus file, from the command line, from a caller. */
import { fail } from '../errors.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { operationNames } from '../guest/operations/index.ts'
import { type Workload, DEFAULT_GROUPS, subjectOf } from './workload.ts'

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
