/**
 * A host that runs an L1 hypervisor: VMXON finds a VPID for its L2 (vpid02), VM entry flushes it when L1 has changed the
 * number that it uses itself (vpid12). KVM: nested_vmx_transition_tlb_flush, nested->last_vpid. What the past of a VPID
 * is nobody knows, so that a new one must be flushed at first use.
 */
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { variable } from '../../src/machine/word.ts'
import { definePolicy } from '../../src/policies/define.ts'

const L1 = 1
const VPID02 = 2
const VPID12 = 1

/** `forgets`: last_vpid survives VMXOFF, so that the first entry under a new vpid02 flushes nothing. */
export const nestedVmx = (forgets: boolean): AnyPolicy =>
  definePolicy({
    name: 'nested-vmx',
    summary: 'Runs L2 guests under a VPID of their own',
    shared: { lastVpid: variable({ max: 3 }) },
    *flush() {},
    hypercalls: {
      *vmxon(host) {
        if (!forgets) yield* host.store(host.shared.lastVpid.of(), 0)
      },
      *enterL2(host) {
        if ((yield* host.xchg(host.shared.lastVpid.of(), VPID12)) !== VPID12)
          yield* host.vmx.invvpid(1, VPID02)
        yield* host.vmx.loadVpid(VPID02)
        yield* host.vmx.loadGuestCr3(1)
      },
      *exitL2(host) {
        yield* host.vmx.loadVpid(L1)
        yield* host.vmx.loadGuestCr3(0)
      },
      *vmxoff() {},
      /** The pCPU runs a VM that has been given the VPID which L1 gave up; its address space is the first. */
      *runOther(host) {
        yield* host.vmx.invvpid(1, VPID02)
        yield* host.vmx.loadVpid(VPID02)
      },
      *runL1(host) {
        yield* host.vmx.loadVpid(L1)
      },
    },
  })
