/** What a flush is asked for: which pages of which space, on which CPUs, and what became of the tables. */
import type { MachineConfig } from '../machine/config.ts'

export interface FlushRequest {
  /** The address space. */
  readonly space: number
  /** Mask of the pages, by their place in the list of mapped pages; for the invalidations of the handles. */
  readonly pages: number
  /** True if page-table pages are freed after this flush (mmu_gather's freed_tables). */
  readonly freedTables: boolean
  /** True if a collapse retracts a page table (pmdp_collapse_flush), which mmu_gather knows nothing of. */
  readonly collapse: boolean
  /** The other CPUs that must not use the old translations afterwards, in ascending order. */
  readonly targets: readonly number[]
  /** The request as one number, for {@link decodeRequest}: what fits in a word of memory or a hypercall argument. */
  readonly code: number
}

const FREED_TABLES = 1 << 8
const COLLAPSE = 1 << 9
const SPACE_SHIFT = 10
/** Makes every code differ from 0, which means "no request". */
const PRESENT = 1 << 12

export function makeRequest(
  space: number,
  pages: number,
  kind: { freedTables?: boolean; collapse?: boolean },
  targets: readonly number[],
): FlushRequest {
  const freedTables = kind.freedTables ?? false
  const collapse = kind.collapse ?? false
  const code =
    PRESENT | pages | (freedTables ? FREED_TABLES : 0) | (collapse ? COLLAPSE : 0) | (space << SPACE_SHIFT)
  return { space, pages, freedTables, collapse, targets, code }
}

/** The request that a code stands for; its targets are not part of the code. */
export function decodeRequest(code: number): FlushRequest {
  const kind = { freedTables: (code & FREED_TABLES) !== 0, collapse: (code & COLLAPSE) !== 0 }
  return makeRequest((code >> SPACE_SHIFT) & 1, code & 0xff, kind, [])
}

/** Mask of one page. */
export const pageMask = (config: MachineConfig, page: number): number => 1 << config.pages.indexOf(page)
