/**
 * The cure of 2017 for Hyper-V: the flush stays a hypercall, tables wait for a grace period, which interrupts off delays.
 * Commit 9e52fc2b50de.
 */
import { definePolicy } from './define.ts'
import { hypervList } from './hyperv-list.ts'
import { targetSets } from './hyperv-targets.ts'
import { removeTable } from './table-free.ts'

export const hypervRcu = definePolicy({
  name: 'hyperv-rcu',
  summary: 'Flush by hypercall; tables are freed by RCU, after an empty IPI where no batch page can be had',
  symmetric: true,
  expected: 'safe',
  options: targetSets,
  hypercalls: hypervList.hypercalls!,
  *flush(cpu, request) {
    yield* hypervList.flush(cpu, request, 0)
  },
  *freeTable(cpu, table) {
    yield* removeTable(cpu, table)
  },
})
