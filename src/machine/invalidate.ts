/**
 * Invalidations, with the least effect that the architecture guarantees (SDM vol. 3, "Operations that Invalidate TLBs
 * and Paging-Structure Caches"); what they may drop beyond that is a matter of eviction. Each also discards the page
 * walks that its CPU has in flight, because the invalidating
 * instructions are serializing; for the same reason they wait for its store buffer.
 */
import { defineOp } from '../engine/step.ts'
import { VALID } from './cached.ts'
import { CR3_NOFLUSH, PCIDE, controlsOf } from './control.ts'
import type { Machine } from './machine.ts'
import { loadPdptes } from './pdpte.ts'
import { dropPage } from './tlb.ts'

/**
 * INVLPG: the TLB entries of the pages in mask `a`, one instruction each, and all paging-structure caches. `b` is one
 * page more, plus 1: one that is not mapped at the start and has no bit, but may lie in a large page.
 */
export const INVLPG = defineOp('INVLPG', 1, (a, b, _c, n) => `INVLPG ${b === 0 ? n.pages(a) : n.page(b - 1)}`)
/** An instruction that serializes and touches no translation: CPUID, IRET without an interrupt. */
export const SERIALIZE = defineOp('serialize', 1)
/** An instruction raises #GP and does nothing else. */
export const RAISE_GP = defineOp('#GP', 1)
/** The result of an instruction that raised #GP. */
export const GP = 1
/** `a` of a MOV to CR3 that loads what is there. */
export const SAME_SPACE = -1
/**
 * MOV to CR3: loads space `a`. With CR4.PCIDE=0 it drops all TLB entries but global ones, and all paging-structure
 * caches. With PCIDE=1, `b` names the PCID, whose entries are dropped unless bit 63 (CR3_NOFLUSH) is set; with PCIDE=0
 * that bit is reserved, and results in GP.
 */
export const LOAD_CR3 = defineOp('MOV CR3', 1, (a, b) => {
  if (a === SAME_SPACE) return 'MOV CR3, CR3'
  const pcid = b === 0 ? '' : `, PCID ${b & ~CR3_NOFLUSH}${b & CR3_NOFLUSH ? ', NOFLUSH' : ''}`
  return `MOV CR3, mm${a}${pcid}`
})

/** MOV from CR3: which space is loaded. */
export const READ_CR3 = defineOp(
  'read CR3',
  2,
  (_a, _b, _c, _n, r) => `read CR3${r === undefined ? '' : ` -> mm${r}`}`,
  'right',
)

export function installInvalidations(m: Machine): void {
  m.install(READ_CR3, (v) => m.S[m.cr3 + v])
  m.installDrained(INVLPG, (v, a, b) => {
    if (b !== 0) dropAddress(m, v, b - 1)
    invalidatePages(m, v, a)
    return 0
  })
  m.installDrained(SERIALIZE, (v) => {
    abortSpeculation(m, v)
    return 0
  })
  m.install(RAISE_GP, () => 0)
  m.installDrained(LOAD_CR3, (v, a, b) => {
    if (b & CR3_NOFLUSH && (controlsOf(m, v) & PCIDE) === 0) return GP
    if (a !== SAME_SPACE) {
      m.S[m.cr3 + v] = a
      if (m.pcid >= 0) m.S[m.pcid + v] = b & ~CR3_NOFLUSH
    }
    loadPdptes(m, v)
    if ((b & CR3_NOFLUSH) === 0) dropTag(m, m.caches.context(v), m.caches.tag(v))
    abortSpeculation(m, v)
    return 0
  })
}

/** What INVLPG of each page in `mask` does. */
export function invalidatePages(m: Machine, v: number, mask: number): void {
  const { pages } = m.config
  for (let slot = 0; slot < pages.length; slot++) if (mask & (1 << slot)) dropAddress(m, v, pages[slot])
  if (!m.config.tce) dropStructures(m, m.caches.context(v), m.caches.tag(v))
  abortSpeculation(m, v)
}

/** Drops the TLB entries of a page under the PCID of now and those that are global; with TCE, its path as well. */
function dropAddress(m: Machine, v: number, page: number): void {
  const { globals, tce } = m.config
  const context = m.caches.context(v)
  const tag = m.caches.tag(v)
  const globalToo = globals && !missesGlobals(m, v)
  for (let view = 0; view < m.caches.views; view++) {
    dropPage(m, m.caches.tlbOf(context, view, tag), page)
    if (globalToo) dropPage(m, m.caches.tlbOf(context, view, m.caches.pcids), page)
    if (tce) dropPath(m, m.caches.structuresOf(context, view, tag), page)
  }
}

/** The erratum shows only while CR4.PCIDE is set; kernels avoid it by leaving PCIDs alone. */
const missesGlobals = (m: Machine, v: number): boolean =>
  m.config.invlpgMissesGlobals && (controlsOf(m, v) & PCIDE) !== 0

/** Clears words of the state. They are a few: a loop over them is done before a call of TypedArray.fill has begun. */
function clear(m: Machine, first: number, length: number): void {
  const { S } = m
  for (let at = first; at < first + length; at++) S[at] = 0
}

/** Drops the paging-structure-cache entries of a PCID. */
export function dropStructures(m: Machine, context: number, tag: number): void {
  for (let view = 0; view < m.caches.views; view++) {
    const base = m.caches.structuresOf(context, view, tag)
    clear(m, base, m.caches.structureSlots)
  }
}

/** Drops from the structure caches that begin at `base` what a walk to `page` would use. */
export function dropPath(m: Machine, base: number, page: number): void {
  for (let level = 1; level < m.config.levels; level++) {
    const at = m.caches.structureSlot(level, page)
    if (at >= 0) m.S[base + at] = 0
  }
}

/** A page fault on `page` drops its TLB entry and the structure-cache entries that its walk would use. */
export function dropFaulting(m: Machine, vcpu: number, page: number): void {
  dropPageOfPcid(m, m.caches.context(vcpu), m.caches.tag(vcpu), page)
}

/** Drops what a PCID has cached that translates a page, upper-level entries on its path included. */
export function dropPageOfPcid(m: Machine, context: number, tag: number, page: number): void {
  for (let view = 0; view < m.caches.views; view++) {
    dropPage(m, m.caches.tlbOf(context, view, tag), page)
    dropPath(m, m.caches.structuresOf(context, view, tag), page)
  }
}

/** Drops what is cached under a PCID, global translations aside. */
export function dropTag(m: Machine, context: number, tag: number): void {
  for (let view = 0; view < m.caches.views; view++) {
    const base = m.caches.tlbOf(context, view, tag)
    clear(m, base, m.caches.tagSize)
  }
  dropStructures(m, context, tag)
}

/** Drops what a context has cached under all PCIDs, global translations aside. */
export function dropAllButGlobal(m: Machine, context: number): void {
  for (let tag = 0; tag < m.caches.pcids; tag++) dropTag(m, context, tag)
}

/** Drops what a context has cached under all tags, global translations included. */
export function dropContext(m: Machine, context: number): void {
  const base = m.caches.tlbOf(context, 0, 0)
  clear(m, base, m.caches.tags * m.caches.tagSize)
  for (let tag = 0; tag < m.caches.pcids; tag++) dropStructures(m, context, tag)
}

/** True if a context has TLB entries. */
export function hasTranslations(m: Machine, context: number): boolean {
  const base = m.caches.tlbOf(context, 0, 0)
  for (let at = base; at < base + m.caches.tags * m.caches.tagSize; at++) if (m.S[at] & VALID) return true
  return false
}

/** What a VM exit does to the instruction that it interrupts: walks are discarded, the instruction starts anew. */
export function abortInstruction(m: Machine, vcpu: number): void {
  m.S[m.walk + vcpu] = 0
  m.S[m.caches.pointer + vcpu] = 0
  m.S[m.caches.latch + vcpu] = 0
  m.S[m.walkPage + vcpu] = 0
  abortSpeculation(m, vcpu)
}

export function abortSpeculation(m: Machine, vcpu: number): void {
  m.S[m.speculation + vcpu] = 0
  m.S[m.caches.speculationPointer + vcpu] = 0
  m.S[m.speculationPage + vcpu] = 0
}

/** True while an instruction of the vCPU is between two of its steps, where no interrupt is taken. */
export const inInstruction = (m: Machine, vcpu: number): boolean =>
  m.S[m.walk + vcpu] !== 0 || (m.S[m.caches.latch + vcpu] & VALID) !== 0
