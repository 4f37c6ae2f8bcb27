/**
 * Invalidations, with the least effect that the architecture guarantees (SDM vol. 3, "Operations that Invalidate TLBs
 * and Paging-Structure Caches"); what they may drop beyond that is a matter of eviction. Each also discards the page
 * walks that its CPU has in flight, because the invalidating instructions are serializing.
 */
import { defineOp } from '../engine/step.ts'
import { VALID } from './cached.ts'
import { CR3_NOFLUSH } from './control.ts'
import type { Machine } from './machine.ts'
import { dropPages } from './tlb.ts'

/** INVLPG: the TLB entries of the pages in mask `a`, one instruction each, and all paging-structure caches. */
export const INVLPG = defineOp('INVLPG', 1, (a, _b, _c, n) => `INVLPG ${n.pages(a)}`)
/**
 * MOV to CR3: loads space `a`. With CR4.PCIDE=0 it drops all TLB entries but global ones, and all paging-structure
 * caches. With PCIDE=1, `b` names the PCID, whose entries are dropped unless bit 63 (CR3_NOFLUSH) is set.
 */
export const LOAD_CR3 = defineOp('MOV CR3', 1, (a, b) => {
  const pcid = b === 0 ? '' : `, PCID ${b & ~CR3_NOFLUSH}${b & CR3_NOFLUSH ? ', NOFLUSH' : ''}`
  return `MOV CR3, mm${a}${pcid}`
})

export function installInvalidations(m: Machine): void {
  m.install(INVLPG, (v, a) => {
    invalidatePages(m, v, a)
    return 0
  })
  m.install(LOAD_CR3, (v, a, b) => {
    m.S[m.cr3 + v] = a
    if (m.pcid >= 0) m.S[m.pcid + v] = b & ~CR3_NOFLUSH
    if ((b & CR3_NOFLUSH) === 0) dropTag(m, m.context(v), m.tag(v))
    abortSpeculation(m, v)
    return 0
  })
}

/** What INVLPG of each page in `mask` does. */
export function invalidatePages(m: Machine, v: number, mask: number): void {
  const context = m.context(v)
  const tag = m.tag(v)
  for (let view = 0; view < m.views; view++) {
    dropPages(m, m.tlbOf(context, view, tag), mask)
    if (m.config.globals && !m.config.invlpgMissesGlobals) dropPages(m, m.tlbOf(context, view, m.pcids), mask)
    if (m.config.tce) dropPaths(m, m.structuresOf(context, view, tag), mask)
  }
  if (!m.config.tce) dropStructures(m, context, tag)
  abortSpeculation(m, v)
}

/** Drops the paging-structure-cache entries of a PCID. */
export function dropStructures(m: Machine, context: number, tag: number): void {
  for (let view = 0; view < m.views; view++) {
    const base = m.structuresOf(context, view, tag)
    m.S.fill(0, base, base + m.structureSlots)
  }
}

/** Drops from the structure caches that begin at `base` what walks to one of the pages in `mask` would use. */
export function dropPaths(m: Machine, base: number, mask: number): void {
  const { pages, levels } = m.config
  for (let slot = 0; slot < pages.length; slot++) {
    if ((mask & (1 << slot)) === 0) continue
    for (let level = 1; level < levels; level++) {
      const at = m.structureSlot(level, pages[slot])
      if (at >= 0) m.S[base + at] = 0
    }
  }
}

/** A page fault on `page` drops its TLB entry and the structure-cache entries that its walk would use. */
export function dropFaulting(m: Machine, vcpu: number, page: number): void {
  dropPageOfPcid(m, m.context(vcpu), m.tag(vcpu), m.pageSlot[page])
}

/** Drops what a PCID has cached that translates the page in `slot`, upper-level entries on its path included. */
export function dropPageOfPcid(m: Machine, context: number, tag: number, slot: number): void {
  for (let view = 0; view < m.views; view++) {
    dropPages(m, m.tlbOf(context, view, tag), 1 << slot)
    dropPaths(m, m.structuresOf(context, view, tag), 1 << slot)
  }
}

/** Drops what is cached under a PCID, global translations aside. */
export function dropTag(m: Machine, context: number, tag: number): void {
  for (let view = 0; view < m.views; view++) {
    const base = m.tlbOf(context, view, tag)
    m.S.fill(0, base, base + m.tagSize)
  }
  dropStructures(m, context, tag)
}

/** Drops what a context has cached under all tags, global translations included. */
export function dropContext(m: Machine, context: number): void {
  const base = m.tlbOf(context, 0, 0)
  m.S.fill(0, base, base + m.tags * m.tagSize)
  for (let tag = 0; tag < m.pcids; tag++) dropStructures(m, context, tag)
}

/** Drops the pages in `mask` from a context under all tags, with all its structure caches. */
export function dropPagesOfContext(m: Machine, context: number, mask: number): void {
  for (let tag = 0; tag < m.tags; tag++) dropPages(m, m.tlbOf(context, 0, tag), mask)
  for (let tag = 0; tag < m.pcids; tag++) dropStructures(m, context, tag)
}

/** What a VM exit does to the instruction that it interrupts: walks are discarded, the instruction starts anew. */
export function abortInstruction(m: Machine, vcpu: number): void {
  m.S[m.walk + vcpu] = 0
  m.S[m.pointer + vcpu] = 0
  m.S[m.latch + vcpu] = 0
  m.S[m.walkPage + vcpu] = 0
  abortSpeculation(m, vcpu)
}

export function abortSpeculation(m: Machine, vcpu: number): void {
  m.S[m.speculation + vcpu] = 0
  m.S[m.speculationPointer + vcpu] = 0
  m.S[m.speculationPage + vcpu] = 0
}

/** True while an instruction of the vCPU is between two of its steps, where no interrupt is taken. */
export const inInstruction = (m: Machine, vcpu: number): boolean =>
  m.S[m.walk + vcpu] !== 0 || (m.S[m.latch + vcpu] & VALID) !== 0
