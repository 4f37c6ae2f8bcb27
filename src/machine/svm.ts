/**
 * AMD's SVM, as host code and experiments write it: `cpu.svm.vmrun({ asid: 2 })`. What is cached carries an ASID and no
 * other tag, nested translations included, and VMRUN drops nothing that its TLB_CONTROL does not name (AMD APM vol. 2,
 * "TLB Control"; Linux svm_flush_tlb_asid). Left out: INVLPGA, and ASID 0, which is the host's.
 */
import { fail } from '../errors.ts'
import { defineOp, perform, type Code } from '../engine/step.ts'
import type { MachineConfig } from './config.ts'
import { abortInstruction } from './invalidate.ts'
import type { Machine } from './machine.ts'
import { need } from './operands.ts'
import { FLUSH_NOTHING, controlOf, obey } from './tlb-control.ts'
import { pcpuOf } from './vmx-invalidate.ts'

/** Enters the guest under ASID `a` on the nested tables `b`, or on those of before (-1), and flushes what `c` says. */
export const VMRUN = defineOp('VMRUN', 1, (a, b, c) => {
  const tables = b < 0 ? '' : `, nested tables ${b}`
  return `VMRUN ASID ${a}${tables}${c === FLUSH_NOTHING ? '' : `, flush ${c}`}`
})

export function installSvm(m: Machine): void {
  if (!m.config.svm) return
  m.installDrained(VMRUN, (v, asid, view, control) => {
    pcpuOf(m, v, 'VMRUN')
    m.S[m.vpid + v] = asid - 1
    if (view >= 0) m.S[m.eptp + v] = view
    if (control !== FLUSH_NOTHING) obey(m, v, control)
    abortInstruction(m, v)
    return 0
  })
}

export class Svm {
  private readonly config: MachineConfig

  constructor(config: MachineConfig) {
    this.config = config
  }

  /**
   * VMRUN: the vCPU runs under an ASID from now on, on nested tables of its own if it names some. `tlbControl` flushes
   * nothing (0), all ASIDs (1), this ASID (3), or its translations that are not global (7); nested translations go too.
   */
  *vmrun({
    asid,
    nested,
    tlbControl = 0,
  }: {
    readonly asid: number
    readonly nested?: number | undefined
    readonly tlbControl?: number | undefined
  }): Code {
    const { svm, vpids, ept } = this.config
    need('VMRUN', svm, 'svm')
    if (!(asid >= 1 && asid <= vpids)) throw fail.badConfig('ASID of vmrun', asid, `1 to ${vpids}`)
    if (nested !== undefined) {
      need('A hierarchy of nested tables', ept > 0, 'ept')
      if (!(nested >= 0 && nested < ept))
        throw fail.badConfig('nested tables of vmrun', nested, `0 to ${ept - 1}`)
    }
    yield* perform(VMRUN, asid, nested ?? -1, controlOf(tlbControl))
  }
}
