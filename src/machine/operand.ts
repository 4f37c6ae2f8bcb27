/**
 * What a broadcast invalidation names, as one number that fits in flight or in memory: pages or all addresses, one PCID
 * or all of them, global translations or not, upper levels or not. INVLPGB (AMD APM vol. 3) and the payload of a Remote
 * Action Request are written like this; so are their effects on the contexts of a CPU.
 */
import { dropPath, dropStructures } from './invalidate.ts'
import type { Machine } from './machine.ts'
import { dropPages } from './tlb.ts'

/** What to invalidate. With nothing said: everything but global translations. */
export interface Operand {
  /** Mask of pages, by their place in the machine's list, as in `FlushRequest.pages`. Absent: all addresses. */
  readonly pages?: number
  /** Absent: all PCIDs. */
  readonly pcid?: number
  /** Global translations as well. */
  readonly global?: boolean
  /** Final translations alone: paging-structure-cache entries stay. */
  readonly final?: boolean
}

const PRESENT = 1 << 0
const HAS_PAGES = 1 << 1
const HAS_PCID = 1 << 2
const GLOBAL = 1 << 3
const FINAL = 1 << 4
const PCID_SHIFT = 5
const PAGES_SHIFT = 7
export const OPERAND_MAX = 2 ** 15 - 1

export const encodeOperand = ({ pages, pcid, global = false, final = false }: Operand): number =>
  PRESENT |
  (global ? GLOBAL : 0) |
  (final ? FINAL : 0) |
  (pcid === undefined ? 0 : HAS_PCID | (pcid << PCID_SHIFT)) |
  (pages === undefined ? 0 : HAS_PAGES | (pages << PAGES_SHIFT))

/** The operand in words. */
export function tellOperand(operand: number, pages: (mask: number) => string): string {
  const what = [
    operand & HAS_PAGES ? pages(operand >> PAGES_SHIFT) : operand & HAS_PCID ? '' : 'all',
    operand & HAS_PCID ? `PCID ${(operand >> PCID_SHIFT) & 3}` : '',
    operand & GLOBAL ? 'with global' : '',
    operand & FINAL ? 'final only' : '',
  ]
  return what.filter((part) => part !== '').join(', ')
}

/** Drops from a context what an operand names, whatever EPT it was cached with, and no more. */
export function dropOperand(m: Machine, context: number, operand: number): void {
  const pages = operand & HAS_PAGES ? operand >> PAGES_SHIFT : ALL_PAGES
  const one = operand & HAS_PCID ? (operand >> PCID_SHIFT) & 3 : -1
  for (let view = 0; view < m.caches.views; view++) {
    for (let tag = 0; tag < m.caches.pcids; tag++)
      if (one < 0 || tag === one) dropPages(m, m.caches.tlbOf(context, view, tag), pages)
    if (operand & GLOBAL && m.config.globals)
      dropPages(m, m.caches.tlbOf(context, view, m.caches.pcids), pages)
  }
  if (operand & FINAL) return
  for (let tag = 0; tag < m.caches.pcids; tag++) {
    if (one >= 0 && tag !== one) continue
    if (operand & HAS_PAGES) dropPaths(m, context, tag, pages)
    else dropStructures(m, context, tag)
  }
}

function dropPaths(m: Machine, context: number, tag: number, pages: number): void {
  m.config.pages.forEach((page, slot) => {
    if ((pages & (1 << slot)) === 0) return
    for (let view = 0; view < m.caches.views; view++)
      dropPath(m, m.caches.structuresOf(context, view, tag), page)
  })
}

const ALL_PAGES = 255
