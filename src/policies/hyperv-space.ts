/**
 * The same with the whole address space flushed, for ranges that are too long for a list. arch/x86/hyperv/mmu.c
 * (HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE and its EX form).
 */
import { flushVirtualAddressSpace } from '../hypervisor/hyperv.ts'
import { definePolicy } from './define.ts'
import { flushTargets, targetSets } from './hyperv-targets.ts'

export const hypervSpace = definePolicy({
  name: 'hyperv-space',
  summary: 'Flush the whole address space by hypercall; tables are freed at once',
  symmetric: true,
  expected: 'broken',
  breaks: 'the hypercall completes although a target walks page tables with interrupts off',
  fixedBy: 'hyperv-rcu',
  options: targetSets,
  hypercalls: {
    HvFlushVirtualAddressSpace: flushVirtualAddressSpace,
    HvFlushVirtualAddressSpaceEx: flushVirtualAddressSpace,
  },
  *flush(cpu, request) {
    yield* flushTargets(cpu, 'HvFlushVirtualAddressSpace', 0, [cpu.id, ...request.targets])
  },
})
