/**
 * What bare-metal Linux does: the targets flush in an IPI handler and the initiator waits for all of them, then tables
 * are freed at once. That a CPU with interrupts off cannot answer is what keeps the tables of gup_fast alive.
 * arch/x86/mm/tlb.c (native_flush_tlb_others, 4.13).
 */
import { definePolicy } from './define.ts'

export const nativeIpi = definePolicy({
  name: 'native-ipi',
  summary: 'Flush by IPI, wait for all; tables are freed at once. Interrupts off holds the flush off',
  symmetric: true,
  expected: 'safe',
  *flush(cpu, request) {
    yield* cpu.flushLocal(request)
    yield* cpu.callFunction(request.targets, request)
  },
})
