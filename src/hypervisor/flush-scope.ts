/**
 * What a flush by the host is about: some pages or all, of one address space or of all, global translations or not. It
 * drops that and no more, as the TLFS allows of its flush hypercalls ("Virtual MMU"): an address space is that of the
 * tables that a translation was made from, under whatever PCID; global translations belong to every address space.
 */
import { CACHED_G, VALID } from '../machine/cached.ts'
import type { Machine } from '../machine/machine.ts'
import { covers } from '../machine/tlb.ts'

export interface FlushScope {
  /** The address space whose translations are flushed. Absent: all of them, as KVM and Xen do whatever they are told. */
  readonly space?: number | undefined
  /** Global translations stay. */
  readonly keepGlobal?: boolean | undefined
}

const KEEP_GLOBAL = 1 << 0
const SPACE_SHIFT = 1

/** The scope as an argument of a step; 0 for everything. */
export const encodeScope = ({ space = -1, keepGlobal = false }: FlushScope): number =>
  ((space + 1) << SPACE_SHIFT) | (keepGlobal ? KEEP_GLOBAL : 0)

/** The scope in words, behind what is flushed. */
export function tellScope(scope: number): string {
  const space = scope >> SPACE_SHIFT
  return `${space === 0 ? '' : ` of mm${space - 1}`}${scope & KEEP_GLOBAL ? ' but global' : ''}`
}

/** Drops from a context the pages in `mask` (0: all) within a scope, and the upper-level entries of its address space. */
export function dropScope(m: Machine, context: number, mask: number, scope: number): void {
  const space = (scope >> SPACE_SHIFT) - 1
  const tlb = m.caches.tlbOf(context, 0, 0)
  for (let place = 0; place < m.caches.tags * m.caches.tagSize; place++) {
    const word = m.S[tlb + place]
    if ((word & VALID) === 0) continue
    const kept = word & CACHED_G ? (scope & KEEP_GLOBAL) !== 0 : !isOf(m, word, space)
    if (!kept && (mask === 0 || isNamed(m, word, place, mask))) m.S[tlb + place] = 0
  }
  const structures = m.caches.structuresOf(context, 0, 0)
  for (let at = structures; at < structures + m.caches.structureTags * m.caches.structureSlots; at++)
    if (isOf(m, m.S[at], space)) m.S[at] = 0
}

/** True for what was made from the tables of a space, or of any where it is -1. */
const isOf = (m: Machine, word: number, space: number): boolean => space < 0 || m.cached.space(word) === space

/** True if an entry at a place of the TLB translates one of the pages in `mask`: a large one translates several. */
function isNamed(m: Machine, word: number, place: number, mask: number): boolean {
  const { pages } = m.config
  for (let slot = 0; slot < pages.length; slot++)
    if (mask & (1 << slot) && covers(m, word, pages[place % pages.length], pages[slot])) return true
  return false
}
