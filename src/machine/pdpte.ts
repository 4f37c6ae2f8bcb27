/**
 * The PDPTE registers of PAE paging: a CR3 load reads the entries of the top level into registers, and walks begin from
 * those. INVLPG, page faults and the loss of cached translations leave them alone; only another load replaces them.
 * SDM vol. 3, "PDPTE Registers" and "Linear-Address Translation with PAE Paging". Reserved bits of these entries, and
 * task switches, are left out. A scenario without the feature has no registers, and reads the top level like any other.
 */
import { ALL_RIGHTS, VALID } from './cached.ts'
import { frameOf, isPresent } from './entry.ts'
import type { Machine } from './machine.ts'

/** First page that entry `index` of the top level translates. */
export const firstPage = ({ config: { entries, levels } }: Machine, index: number): number =>
  index * entries ** (levels - 1)

/** Loads the registers of a CPU from the tables that CR3 points to, all at once. */
export function loadPdptes(m: Machine, v: number): void {
  const { entries, levels, pdptes } = m.config
  if (!pdptes) return
  const space = m.S[m.cr3 + v]
  for (let index = 0; index < entries; index++) {
    const word = m.S[m.entryAt(m.geometry.roots[space], levels, firstPage(m, index))]
    // These entries have no R/W, U/S or A flags.
    const register = isPresent(word) ? m.cached.make(frameOf(word), space, VALID | ALL_RIGHTS) : 0
    m.S[m.caches.pdptes + v * entries + index] = register
  }
}

/** Fills the registers as the load of CR3 did that was before the start. */
export function initializePdptes(m: Machine): void {
  for (let v = 0; v < m.config.vcpus; v++) loadPdptes(m, v)
}
