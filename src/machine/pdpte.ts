/**
 * PDPTE registers of PAE paging: MOV to CR3 loads the top-level entries into them, and walks use them instead of
 * memory until the next such load, whatever is invalidated in between. SDM vol. 3, "PDPTE Registers". They are the
 * structure-cache slots of the level below the root. Left out: #GP for reserved bits of the entries that are loaded.
 */
import { ALL_RIGHTS, VALID } from './cached.ts'
import { frameOf, isPresent } from './entry.ts'
import type { Machine } from './machine.ts'

/** Loads the registers of a vCPU from the root of its address space; an entry that is not present leaves one empty. */
export function loadPdptes(m: Machine, v: number): void {
  if (m.registers === 0) return
  const { pages, levels } = m.config
  const space = m.S[m.cr3 + v]
  const root = m.geometry.roots[space]
  const base = m.structuresNow(v)
  for (const page of pages) {
    const word = m.S[m.entryAt(root, levels, page)]
    m.S[base + m.structureSlot(levels - 1, page)] = isPresent(word)
      ? m.cached.make(frameOf(word), space, VALID | ALL_RIGHTS)
      : 0
  }
}
