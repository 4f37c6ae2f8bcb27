/**
 * Juergen Gross's proposal in the thread of 2017: the caller says whether tables are freed; if so the flush is done by
 * IPI, otherwise by the cheap hypercall. Enough for munmap. A THP collapse retracts a table without any of it looking
 * freed, which is why Peter Zijlstra calls it tricky.
 */
import { definePolicy } from './define.ts'
import { hypervList } from './hyperv-list.ts'
import { targetSets } from './hyperv-targets.ts'
import { nativeIpi } from './native-ipi.ts'

export const serializationFlag = definePolicy({
  name: 'serialization-flag',
  summary: 'Flush by IPI where the caller says that tables are freed, by hypercall otherwise; freed at once',
  symmetric: true,
  expected: 'broken',
  breaks: 'a collapse retracts a table without saying that one is freed',
  fixedBy: 'serialization-flag-collapse',
  options: targetSets,
  hypercalls: hypervList.hypercalls!,
  *flush(cpu, request) {
    if (request.freedTables) yield* nativeIpi.flush(cpu, request, 0)
    else yield* hypervList.flush(cpu, request, 0)
  },
})
