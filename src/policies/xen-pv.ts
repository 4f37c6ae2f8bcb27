/**
 * Linux on Xen: the hypervisor interrupts the pCPUs that run a target and flags the others, which flush when they are
 * next scheduled; tables are freed at once. A host IPI interrupts a guest whose interrupts are off, so it does not
 * wait for gup_fast either. arch/x86/xen/mmu_pv.c (xen_flush_tlb_others); xen/arch/x86/mm/hap/hap.c (flush_tlb).
 */
import { xenFlushTlb } from '../hypervisor/xen.ts'
import { definePolicy } from './define.ts'

export const xenPv = definePolicy({
  name: 'xen-pv',
  summary: 'Xen interrupts pCPUs that run a target and flags the others; tables are freed at once',
  symmetric: true,
  expected: 'broken',
  breaks:
    'a host IPI does not wait for a guest section with interrupts off, and a preempted walker is not waited for at all',
  fixedBy: 'xen-rcu',
  hypercalls: { XenFlushTlbMulti: xenFlushTlb },
  *flush(cpu, request) {
    yield* cpu.hypercall('XenFlushTlbMulti', 0, [cpu.id, ...request.targets])
  },
})
