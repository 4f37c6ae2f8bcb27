/** The serialization flag, with collapse asking for it as well. */
import { definePolicy } from './define.ts'
import { hypervList } from './hyperv-list.ts'
import { targetSets } from './hyperv-targets.ts'
import { nativeIpi } from './native-ipi.ts'

export const serializationFlagCollapse = definePolicy({
  name: 'serialization-flag-collapse',
  summary:
    'Flush by IPI where tables are freed or retracted by a collapse, by hypercall otherwise; freed at once',
  symmetric: true,
  expected: 'safe',
  options: targetSets,
  hypercalls: hypervList.hypercalls!,
  *flush(cpu, request) {
    if (request.freedTables || request.collapse) yield* nativeIpi.flush(cpu, request, 0)
    else yield* hypervList.flush(cpu, request, 0)
  },
})
