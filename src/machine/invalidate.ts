/**
 * Invalidations, with the least effect that the architecture guarantees (SDM vol. 3, "Operations that Invalidate TLBs
 * and Paging-Structure Caches"). Each also discards the page walks that its CPU has in flight, because the
 * invalidating instructions are serializing.
 */
import { defineOp } from '../engine/step.ts'
import { CACHED_PS, VALID } from './cached.ts'
import type { Machine } from './machine.ts'

/** INVLPG: the TLB entries of the pages in mask `a`, one instruction each, and all paging-structure caches. */
export const INVLPG = defineOp('INVLPG', 1, (a, _b, _c, n) => `INVLPG ${n.pages(a)}`)
/** MOV to CR3 with CR4.PCIDE=0: loads space `a` and drops all TLB entries and paging-structure caches. */
export const LOAD_CR3 = defineOp('MOV CR3', 1, (a) => `MOV CR3, mm${a}`)

export function installInvalidations(m: Machine): void {
  m.install(INVLPG, (v, a) => {
    dropPages(m, m.context(v), a)
    dropStructures(m, m.context(v))
    abortSpeculation(m, v)
    return 0
  })
  m.install(LOAD_CR3, (v, a) => {
    m.S[m.cr3 + v] = a
    dropContext(m, m.context(v))
    abortSpeculation(m, v)
    return 0
  })
}

/** Drops the TLB entries of the pages in `mask`; for a piece of a large page, all pieces of that page. */
export function dropPages(m: Machine, context: number, mask: number): void {
  const { pages } = m.config
  const base = m.tlb + context * pages.length
  for (let slot = 0; slot < pages.length; slot++) {
    if ((mask & (1 << slot)) === 0) continue
    m.S[base + slot] = 0
    const region = m.geometry.base(pages[slot], 1)
    for (let other = 0; other < pages.length; other++) {
      if (m.S[base + other] & CACHED_PS && m.geometry.base(pages[other], 1) === region) m.S[base + other] = 0
    }
  }
}

export function dropStructures(m: Machine, context: number): void {
  const base = m.structures + context * m.structureSlots
  m.S.fill(0, base, base + m.structureSlots)
}

/** A page fault on `page` drops its TLB entry and the structure-cache entries that its walk would use. */
export function dropFaulting(m: Machine, vcpu: number, page: number): void {
  const context = m.context(vcpu)
  dropPages(m, context, 1 << m.pageSlot[page])
  const base = m.structures + context * m.structureSlots
  for (let level = 1; level < m.config.levels; level++) {
    const slot = m.structureSlot(level, page)
    if (slot >= 0) m.S[base + slot] = 0
  }
}

export function dropContext(m: Machine, context: number): void {
  const { pages } = m.config
  m.S.fill(0, m.tlb + context * pages.length, m.tlb + (context + 1) * pages.length)
  dropStructures(m, context)
}

/** What a VM exit does to the instruction that it interrupts: walks are discarded, the instruction starts anew. */
export function abortInstruction(m: Machine, vcpu: number): void {
  m.S[m.walk + vcpu] = 0
  m.S[m.pointer + vcpu] = 0
  m.S[m.latch + vcpu] = 0
  m.S[m.walkPage + vcpu] = 0
  abortSpeculation(m, vcpu)
}

function abortSpeculation(m: Machine, vcpu: number): void {
  m.S[m.speculation + vcpu] = 0
  m.S[m.speculationPointer + vcpu] = 0
  m.S[m.speculationPage + vcpu] = 0
}

/** True while an instruction of the vCPU is between two of its steps, where no interrupt is taken. */
export const inInstruction = (m: Machine, vcpu: number): boolean =>
  m.S[m.walk + vcpu] !== 0 || (m.S[m.latch + vcpu] & VALID) !== 0
