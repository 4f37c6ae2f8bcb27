/** Remote Action Requests, with tables that wait for a grace period, which interrupts off delays. */
import { definePolicy } from './define.ts'
import { intelRar } from './intel-rar.ts'
import { removeTable } from './table-free.ts'

export const intelRarRcu = definePolicy({
  name: 'intel-rar-rcu',
  summary: 'Flush by Remote Action Requests; tables are freed by RCU, or after an empty IPI',
  symmetric: true,
  expected: 'safe',
  machine: { rar: 1 },
  shared: intelRar.shared!,
  *flush(cpu, request) {
    yield* intelRar.flush(cpu, request, 0)
  },
  *freeTable(cpu, table) {
    yield* removeTable(cpu, table)
  },
})
