/**
 * The cure of 2017 for Xen: the flush stays with the hypervisor, tables wait for a grace period. Commit 9e52fc2b50de.
 */
import { definePolicy } from './define.ts'
import { removeTable } from './table-free.ts'
import { xenPv } from './xen-pv.ts'

export const xenRcu = definePolicy({
  name: 'xen-rcu',
  summary: 'Xen flushes running targets and flags the others; tables are freed by RCU, or after an empty IPI',
  symmetric: true,
  expected: 'safe',
  hypercalls: xenPv.hypercalls!,
  *flush(cpu, request) {
    yield* xenPv.flush(cpu, request, 0)
  },
  *freeTable(cpu, table) {
    yield* removeTable(cpu, table)
  },
})
