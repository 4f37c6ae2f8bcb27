/**
 * INVVPID, INVEPT, and what a VMCS says of VPID, EPTP and the guest's CR3: SDM vol. 3, "Invalidating Cached Translation
 * Information" of VMX support. Each acts on the pCPU that executes it, with the least effect that is promised, and waits
 * for the store buffer there: invalidations and VM entries serialize. On a CPU with SVM the VPID is an ASID; see the
 * TLB_CONTROL of the host.
 */
import { defineOp } from '../engine/step.ts'
import { fail } from '../errors.ts'
import { abortSpeculation, dropAllButGlobal, dropContext, dropPath, hasTranslations } from './invalidate.ts'
import type { Machine } from './machine.ts'
import { loadPdptes } from './pdpte.ts'
import { dropPage } from './tlb.ts'

/** Types of INVVPID; type 1 drops a whole VPID. */
export const VPID_ADDRESS = 0
export const VPID_ALL = 2
export const VPID_CONTEXT_BUT_GLOBAL = 3
/** Types of INVEPT. */
export const EPT_CONTEXT = 1
export const EPT_ALL = 2

/** The result of an instruction that failed (VMfail). */
export const VM_FAIL = 1
export const NO_ADDRESS = -1

/** INVVPID of type `a` for VPID `b` and, for type 0, page `c`, or `NO_ADDRESS` for one that is not canonical. */
export const INVVPID = defineOp('INVVPID', 2, (a, b, c, n, r) => {
  const what = a === VPID_ALL ? 'all' : `VPID ${b}${a === VPID_ADDRESS && c >= 0 ? `, ${n.page(c)}` : ''}`
  return `INVVPID ${a}: ${what}${r === VM_FAIL ? ' -> fails' : ''}`
})
/** INVEPT of type `a` for EPT `b`. */
export const INVEPT = defineOp(
  'INVEPT',
  2,
  (a, b, _c, _n, r) => `INVEPT ${a}: ${a === EPT_ALL ? 'all' : `EPT${b}`}${r === VM_FAIL ? ' -> fails' : ''}`,
)
/** The VPID of the vCPU is `a` from its next VM entry on. */
export const LOAD_VPID = defineOp('VMWRITE VPID', 1, (a) => `VMWRITE VPID, ${a}`)
/** The same of its EPT. */
export const LOAD_EPTP = defineOp('VMWRITE EPTP', 1, (a) => `VMWRITE EPTP, EPT${a}`)
/** The same of the guest's CR3: space `a`, PCID `b`. VM entry loads it and drops nothing. */
export const LOAD_GUEST_CR3 = defineOp(
  'VMWRITE guest CR3',
  1,
  (a, b) => `VMWRITE guest CR3, mm${a}${b === 0 ? '' : `, PCID ${b}`}`,
)

export function installVmx(m: Machine): void {
  m.installDrained(INVVPID, (v, type, vpid, page) => {
    if (type > VPID_CONTEXT_BUT_GLOBAL || (type !== VPID_ALL && vpid === 0)) return VM_FAIL
    if (type === VPID_ADDRESS && page === NO_ADDRESS) return VM_FAIL
    const pcpu = pcpuOf(m, v, 'INVVPID')
    for (let each = 0; each < m.caches.vpids; each++) {
      const context = m.caches.contextOn(pcpu, each)
      if (context < 0 || (type !== VPID_ALL && each !== vpid - 1)) continue
      if (hasTranslations(m, context)) m.hooks.witness('vpid-in-use')
      if (type === VPID_ADDRESS) dropAddress(m, context, page)
      else if (type === VPID_CONTEXT_BUT_GLOBAL) dropAllButGlobal(m, context)
      else dropContext(m, context)
    }
    abortSpeculation(m, v)
    return 0
  })
  m.installDrained(INVEPT, (v, type, view) => {
    if (type !== EPT_CONTEXT && type !== EPT_ALL) return VM_FAIL
    const pcpu = pcpuOf(m, v, 'INVEPT')
    for (let each = 0; each < m.caches.views; each++)
      if (type === EPT_ALL || each === view) dropEpt(m, pcpu, each)
    abortSpeculation(m, v)
    return 0
  })
  m.installDrained(LOAD_VPID, (v, vpid) => {
    m.S[m.vpid + v] = vpid - 1
    abortSpeculation(m, v)
    return 0
  })
  m.installDrained(LOAD_EPTP, (v, view) => {
    m.S[m.eptp + v] = view
    abortSpeculation(m, v)
    return 0
  })
  m.installDrained(LOAD_GUEST_CR3, (v, space, pcid) => {
    m.S[m.cr3 + v] = space
    if (m.pcid >= 0) m.S[m.pcid + v] = pcid
    loadPdptes(m, v)
    abortSpeculation(m, v)
    return 0
  })
}

/** The pCPU that executes an instruction of the host on behalf of a vCPU. */
export function pcpuOf(m: Machine, v: number, what: string): number {
  if (m.S[m.on + v] === 0) throw fail.offPcpu(what, v)
  return m.S[m.on + v] - 1
}

/** Drops a page of a VPID under all PCIDs, global or not, with the upper-level entries on its path. */
function dropAddress(m: Machine, context: number, page: number): void {
  for (let tag = 0; tag < m.caches.tags; tag++) dropPage(m, m.caches.tlbOf(context, 0, tag), page)
  for (let tag = 0; tag < m.caches.structureTags; tag++)
    dropPath(m, m.caches.structuresOf(context, 0, tag), page)
}

/**
 * Drops the guest-physical mappings of an EPT from a pCPU, and its combined mappings under all VPIDs and PCIDs. Without
 * EPT what is cached are linear mappings, which are no business of INVEPT's.
 */
export function dropEpt(m: Machine, pcpu: number, view: number): void {
  if (m.eptp < 0) return
  dropGuestPhysical(m, pcpu, view)
  for (let vpid = 0; vpid < m.caches.vpids; vpid++) {
    const context = m.caches.contextOn(pcpu, vpid)
    if (context < 0) continue
    const tlb = m.caches.tlbOf(context, view, 0)
    m.S.fill(0, tlb, tlb + m.caches.tagsOfView * m.caches.tagSize)
    const structures = m.caches.structuresOf(context, view, 0)
    m.S.fill(0, structures, structures + m.caches.pcids * m.caches.structureSlots)
  }
}

/** Drops the guest-physical mappings under a tag from a pCPU. */
export function dropGuestPhysical(m: Machine, pcpu: number, tag: number): void {
  if (m.eptp < 0) return
  const first = m.caches.guestPhysicalAt(pcpu, tag, 0)
  m.S.fill(0, first, first + m.caches.guestPhysicalSlots)
}

/** Gives each vCPU a VPID: its number, as far as there are as many. */
export function initializeVpids(m: Machine): void {
  if (m.vpid < 0) return
  for (let v = 0; v < m.config.vcpus; v++) m.S[m.vpid + v] = v % m.caches.vpids
}
