/**
 * The same with the whole address space flushed, for ranges that are too long for a list, and with the target set
 * given per bank of processors where their numbers are sparse. arch/x86/hyperv/mmu.c (HVCALL_FLUSH_VIRTUAL_ADDRESS_
 * SPACE and its EX form).
 */
import { flushVirtualAddressSpace } from '../hypervisor/hyperv.ts'
import { definePolicy } from './define.ts'

export const hypervSpace = definePolicy({
  name: 'hyperv-space',
  summary: 'Flush the whole address space by hypercall, one call per bank of target vCPUs; tables are freed at once',
  expected: 'broken',
  breaks: 'the hypercall completes although a target walks page tables with interrupts off',
  fixedBy: 'hyperv-rcu',
  hypercalls: { HvFlushVirtualAddressSpace: flushVirtualAddressSpace },
  *flush(cpu, request) {
    yield* cpu.hypercall('HvFlushVirtualAddressSpace', 0, [cpu.id, ...request.targets])
  },
})
