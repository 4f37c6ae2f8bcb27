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
  const isOfSpace = (word: number): boolean => space < 0 || m.cached.space(word) === space
  const { pages } = m.config
  const named = pages.filter((_, slot) => mask & (1 << slot))
  const tlb = m.tlbOf(context, 0, 0)
  for (let place = 0; place < m.tags * m.tagSize; place++) {
    const word = m.S[tlb + place]
    if ((word & VALID) === 0 || (word & CACHED_G ? scope & KEEP_GLOBAL : !isOfSpace(word))) continue
    const own = pages[place % pages.length]
    if (mask === 0 || named.some((page) => covers(m, word, own, page))) m.S[tlb + place] = 0
  }
  const structures = m.structuresOf(context, 0, 0)
  for (let at = structures; at < structures + m.structureTags * m.structureSlots; at++)
    if (isOfSpace(m.S[at])) m.S[at] = 0
}
