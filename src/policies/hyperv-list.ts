/**
 * Linux on Hyper-V, 4.14: one hypercall flushes a list of addresses on all target vCPUs; tables are freed at once, as
 * if an IPI had been waited for. It has not: this is the race of 2017. arch/x86/hyperv/mmu.c, commit 2ffd9e33ce4a.
 */
import { flushVirtualAddressList } from '../hypervisor/hyperv.ts'
import { definePolicy } from './define.ts'
import { flushTargets, targetSets } from './hyperv-targets.ts'

export const hypervList = definePolicy({
  name: 'hyperv-list',
  summary: 'Flush an address list by hypercall; tables are freed at once',
  symmetric: true,
  expected: 'broken',
  breaks: 'the hypercall completes although a target walks page tables with interrupts off',
  fixedBy: 'hyperv-rcu',
  options: targetSets,
  hypercalls: {
    HvFlushVirtualAddressList: flushVirtualAddressList,
    HvFlushVirtualAddressListEx: flushVirtualAddressList,
  },
  *flush(cpu, request) {
    yield* flushTargets(cpu, 'HvFlushVirtualAddressList', request.pages, [cpu.id, ...request.targets])
  },
})
