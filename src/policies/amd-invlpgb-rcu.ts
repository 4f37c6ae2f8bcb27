/**
 * What Linux does on AMD since 6.15: the flush is a broadcast, tables wait for a grace period, which interrupts off
 * delays. arch/x86/mm/tlb.c (broadcast_tlb_flush); global ASIDs and how an mm gets one are left out.
 */
import { amdInvlpgb } from './amd-invlpgb.ts'
import { definePolicy } from './define.ts'
import { removeTable } from './table-free.ts'

export const amdInvlpgbRcu = definePolicy({
  name: 'amd-invlpgb-rcu',
  summary:
    'Flush by INVLPGB and TLBSYNC; tables are freed by RCU, after an empty IPI where no batch page can be had',
  symmetric: true,
  expected: 'safe',
  machine: { invlpgb: 1 },
  *flush(cpu, request) {
    yield* amdInvlpgb.flush(cpu, request, 0)
  },
  *freeTable(cpu, table) {
    yield* removeTable(cpu, table)
  },
})
