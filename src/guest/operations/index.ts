/** The operations that guest workloads are made of. To add one: write its file, add its row. */
import { lookup } from '../../engine/lookup.ts'
import type { Code } from '../../engine/step.ts'
import type { Cpu } from '../cpu.ts'
import { read, write } from './access.ts'
import { collapse } from './collapse.ts'
import { gupFast } from './gup-fast.ts'
import { mprotect } from './mprotect.ts'
import { munmap } from './munmap.ts'
import { reclaim } from './reclaim.ts'
import { reuse } from './reuse.ts'
import { lazyTlb, switchMm } from './switching.ts'

/** What an operation is about: one page, the whole region of a table, or nothing in particular. */
export type Subject = 'page' | 'region' | 'none'

export interface GuestOperation {
  readonly summary: string
  readonly subject: Subject
  /** `space` is the address space that the CPU has loaded when the operation begins. */
  code(cpu: Cpu, page: number, space: number): Code
  /** Kernel features that it needs. */
  readonly needs?: 'lazy' | 'switching'
}

export const guestOperations = lookup<GuestOperation>({
  munmap: { summary: 'unmap a page, and its table with the last one', subject: 'page', code: munmap },
  gup_fast: { summary: 'pin a page by a walk without locks', subject: 'page', code: gupFast },
  read: { summary: 'user-mode read', subject: 'page', code: read },
  write: { summary: 'user-mode write', subject: 'page', code: write },
  mprotect: { summary: 'write-protect a page', subject: 'page', code: mprotect },
  reclaim: { summary: 'reclaim a page, then its empty table', subject: 'page', code: reclaim },
  collapse: { summary: 'collapse the pages of a table into a large one', subject: 'region', code: collapse },
  reuse: { summary: 'another owner takes a freed frame', subject: 'none', code: reuse },
  lazy_tlb: {
    summary: 'run a kernel thread in lazy-TLB mode and come back',
    subject: 'none',
    code: (cpu, _page, space) => lazyTlb(cpu, space),
    needs: 'lazy',
  },
  switch_mm: {
    summary: 'switch to the other address space',
    subject: 'none',
    code: (cpu, _page, space) => switchMm(cpu, 1 - space, space),
    needs: 'switching',
  },
})
