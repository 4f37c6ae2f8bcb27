/**
 * What a vCPU's translations are flushed of at its VM entry. With SVM that is TLB_CONTROL of the VMCB (AMD APM vol. 2,
 * "TLB Flush"; Linux arch/x86/include/asm/svm.h): what is derived from nested tables goes together with the ASID, since
 * nothing invalidates nested translations alone.
 */
import { fail } from '../errors.ts'
import { dropAllButGlobal, dropContext } from './invalidate.ts'
import type { Machine } from './machine.ts'
import { dropGuestPhysical } from './vmx-invalidate.ts'

export const FLUSH_NOTHING = 0
/** The translations under the vCPU's VPID. */
export const FLUSH_TAG = 1
const FLUSH_ALL_ASIDS = 2
const FLUSH_ASID = 3
export const FLUSH_ASID_BUT_GLOBAL = 4

/** TLB_CONTROL by its values. */
const CONTROLS: Readonly<Record<number, number>> = {
  0: FLUSH_NOTHING,
  1: FLUSH_ALL_ASIDS,
  3: FLUSH_ASID,
  7: FLUSH_ASID_BUT_GLOBAL,
}

/** What a value of TLB_CONTROL asks for. */
export function controlOf(value: number): number {
  const control = CONTROLS[value]
  if (control === undefined) throw fail.badConfig('TLB_CONTROL', value, '0, 1, 3 or 7')
  return control
}

/** Flushes on the pCPU that the vCPU enters its guest on. */
export function obey(m: Machine, vcpu: number, control: number): void {
  const pcpu = m.S[m.on + vcpu] - 1
  if (control === FLUSH_ALL_ASIDS) {
    for (let vpid = 0; vpid < m.caches.vpids; vpid++) {
      const each = m.caches.contextOn(pcpu, vpid)
      if (each >= 0) dropContext(m, each)
    }
    for (let tag = 0; tag < m.caches.mappingTags; tag++) dropGuestPhysical(m, pcpu, tag)
    return
  }
  if (control === FLUSH_ASID_BUT_GLOBAL) dropAllButGlobal(m, m.caches.context(vcpu))
  else dropContext(m, m.caches.context(vcpu))
  if (m.config.svm) dropGuestPhysical(m, pcpu, m.caches.mappingTag(vcpu))
  // Without ASIDs as tags of nested translations there is no telling which of them a VPID has used.
  else if (control !== FLUSH_TAG)
    for (let tag = 0; tag < m.caches.mappingTags; tag++) dropGuestPhysical(m, pcpu, tag)
}
