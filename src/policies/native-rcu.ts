/**
 * Native flush with table freeing by RCU: what x86 has done unconditionally since a37259732a7d.
 */
import { definePolicy } from './define.ts'
import { nativeIpi } from './native-ipi.ts'
import { removeTable } from './table-free.ts'

export const nativeRcu = definePolicy({
  name: 'native-rcu',
  summary: 'Flush by IPI; tables are freed by RCU, after an empty IPI where no batch page can be had',
  symmetric: true,
  expected: 'safe',
  *flush(cpu, request) {
    yield* nativeIpi.flush(cpu, request, 0)
  },
  *freeTable(cpu, table) {
    yield* removeTable(cpu, table)
  },
})
