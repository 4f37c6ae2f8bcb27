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
  /** The highest level of which an entry was cleared or changed: 1 = PTE, 2 = PMD (mmu_gather's cleared_ptes, ...). */
  readonly changedLevel: number
  /** The other CPUs that must not use the old translations afterwards, in ascending order. */
  readonly targets: readonly number[]
  /** The request as one number, for {@link decodeRequest}: what fits in a word of memory or a hypercall argument. */
  readonly code: number
}

/** What the caller knows of a flush before it asks for it. */
export type FlushKind = Partial<Pick<FlushRequest, 'freedTables' | 'collapse' | 'changedLevel'>>

const FREED_TABLES = 1 << 8
const COLLAPSE = 1 << 9
const SPACE_SHIFT = 10
/** Makes every code differ from 0, which means "no request". */
const PRESENT = 1 << 12
const LEVEL_SHIFT = 13

export function makeRequest(
  space: number,
  pages: number,
  kind: FlushKind,
  targets: readonly number[],
): FlushRequest {
  const freedTables = kind.freedTables ?? false
  const collapse = kind.collapse ?? false
  const changedLevel = kind.changedLevel ?? 1
  const flags = PRESENT | (freedTables ? FREED_TABLES : 0) | (collapse ? COLLAPSE : 0)
  const code = flags | pages | (space << SPACE_SHIFT) | (changedLevel << LEVEL_SHIFT)
  return { space, pages, freedTables, collapse, changedLevel, targets, code }
}

/** The request that a code stands for; its targets are not part of the code. */
export function decodeRequest(code: number): FlushRequest {
  const kind = {
    freedTables: (code & FREED_TABLES) !== 0,
    collapse: (code & COLLAPSE) !== 0,
    changedLevel: code >> LEVEL_SHIFT,
  }
  return makeRequest((code >> SPACE_SHIFT) & 1, code & 0xff, kind, [])
}

/** Mask of one page. */
export const pageMask = (config: MachineConfig, page: number): number => 1 << config.pages.indexOf(page)
