/**
 * What a vCPU's translations are flushed of at its VM entry. With SVM that is TLB_CONTROL of the VMCB (AMD APM vol. 2,
 * "TLB Flush"; Linux arch/x86/include/asm/svm.h): what is derived from nested tables goes together with the ASID, since
 * nothing invalidates nested translations alone.
 */
import { dropAllButGlobal, dropContext } from '../machine/invalidate.ts'
import type { Machine } from '../machine/machine.ts'
import { dropEpt, dropGuestPhysical } from '../machine/vmx-invalidate.ts'

export const FLUSH_NOTHING = 0
/** The translations under the vCPU's VPID. */
export const FLUSH_TAG = 1
const FLUSH_ALL_ASIDS = 2
const FLUSH_ASID = 3
export const FLUSH_ASID_BUT_GLOBAL = 4

/** TLB_CONTROL by its values. */
export const CONTROLS: Readonly<Record<number, number>> = {
  0: FLUSH_NOTHING,
  1: FLUSH_ALL_ASIDS,
  3: FLUSH_ASID,
  7: FLUSH_ASID_BUT_GLOBAL,
}

/** Flushes on the pCPU that the vCPU enters its guest on. */
export function obey(m: Machine, vcpu: number, control: number): void {
  const pcpu = m.S[m.on + vcpu] - 1
  const context = m.caches.context(vcpu)
  if (control === FLUSH_ALL_ASIDS) {
    for (let vpid = 0; vpid < m.caches.vpids; vpid++) {
      const each = m.caches.contextOn(pcpu, vpid)
      if (each >= 0) dropContext(m, each)
    }
    for (let view = 0; view < m.config.ept; view++) dropEpt(m, pcpu, view)
    return
  }
  if (control === FLUSH_ASID_BUT_GLOBAL) dropAllButGlobal(m, context)
  else dropContext(m, context)
  if (control !== FLUSH_TAG) for (let view = 0; view < m.config.ept; view++) dropGuestPhysical(m, pcpu, view)
}
