/**
 * RCU-deferred freeing that frees at once when the batch page cannot be allocated: the rare path is the old race.
 */
import { definePolicy } from './define.ts'
import { hypervList } from './hyperv-list.ts'
import { targetSets } from './hyperv-targets.ts'

export const rcuNoFallback = definePolicy({
  name: 'rcu-no-fallback',
  summary: 'Flush by hypercall; tables are freed by RCU, or at once where no batch page can be had',
  symmetric: true,
  expected: 'broken',
  breaks: 'without memory for the batch the table is freed while a target still walks it',
  fixedBy: 'hyperv-rcu',
  options: targetSets,
  hypercalls: hypervList.hypercalls!,
  *flush(cpu, request) {
    yield* hypervList.flush(cpu, request, 0)
  },
  *freeTable(cpu, table) {
    if (yield* cpu.tryAllocate()) yield* cpu.rcuFree(table)
    else yield* cpu.freeTableNow(table)
  },
})
