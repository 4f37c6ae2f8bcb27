/**
 * Broadcast invalidation in place of IPIs, with tables still freed at once: INVLPGB reaches CPUs with interrupts off as
 * well, so nothing waits for gup_fast. arch/x86/mm/tlb.c (broadcast_tlb_flush), arch/x86/include/asm/tlb.h.
 */
import { definePolicy } from './define.ts'

export const amdInvlpgb = definePolicy({
  name: 'amd-invlpgb',
  summary: 'Flush by INVLPGB and TLBSYNC; tables are freed at once',
  symmetric: true,
  expected: 'broken',
  breaks:
    'a broadcast needs no interrupt, so it completes although a CPU walks page tables with interrupts off',
  fixedBy: 'amd-invlpgb-rcu',
  machine: { invlpgb: 1 },
  *flush(cpu, { pages, freedTables, collapse }) {
    yield* cpu.x86.invlpgb({ pages, final: !freedTables && !collapse })
    yield* cpu.x86.tlbsync()
  },
})
