/**
 * Rules that one example tells by looking into the machine. Most of their mutants survive verification, because
 * invariants judge what is cached against what memory says, and these are about what memory says: a known limit.
 */
import { MAX_ENABLED } from '../../src/engine/system.ts'
import { CACHED_W, VALID } from '../../src/machine/cached.ts'
import { A, D, P, RW, isPresent } from '../../src/machine/entry.ts'
import { DIRTY, SUPERSEDED } from '../../src/machine/frame-word.ts'
import type { Machine } from '../../src/machine/machine.ts'
import { nativeIpi } from '../../src/policies/index.ts'
import type { Operation } from '../../src/scenario/workload.ts'
import { quiet } from '../explore/quiet.ts'
import { instead, misreading, mismarking, nothing, wordsOf, type Breakage } from './breaking.ts'
import { worldOf } from './broken-world.ts'

export interface Example {
  readonly rule: string
  readonly mutant: string
  readonly breakage: Breakage
  readonly does: readonly Operation[]
  /** Changes the machine before anything is done. */
  readonly before?: (m: Machine) => void
  readonly look: (m: Machine) => unknown
  readonly sees: unknown
  /** False where verification within two operations catches the mutant as well. */
  readonly survives: boolean
}

const on = (op: string, page: number): Operation => ({ op, page })
const entries = (m: Machine): number[] => wordsOf(m, 'entry').map((at) => m.S[at])
const tlb = (m: Machine, page: number): number => m.S[m.caches.tlb + m.caches.pageSlot[page]]

export const examples: readonly Example[] = [
  {
    rule: 'a page walk sets A at every level',
    mutant: 'it does not',
    breakage: mismarking((was, now) => (now & ~A) | (was & A)),
    does: [on('read', 2)],
    before: (m) => wordsOf(m, 'entry').forEach((at) => (m.S[at] &= ~A)),
    look: (m) => entries(m).filter((word) => word & A).length,
    sees: 2,
    survives: true,
  },
  {
    rule: 'a page walk that finds nothing present faults and caches nothing',
    mutant: 'it fills the TLB all the same',
    breakage: misreading((word, { level }) => (level === 1 ? word | P : word)),
    does: [on('munmap', 2), on('read', 2)],
    look: (m) => tlb(m, 2) & VALID,
    sees: 0,
    survives: true,
  },
  {
    rule: 'a page walk gives no more rights than its leaf entry does',
    mutant: 'it always allows stores',
    breakage: misreading((word) => word | RW),
    does: [on('mprotect', 2), on('read', 2)],
    look: (m) => tlb(m, 2) & CACHED_W,
    sees: 0,
    survives: true,
  },
  {
    rule: 'a page walk gives no more rights than any entry on its path does',
    mutant: 'it looks at the leaf alone',
    breakage: misreading((word, { level }) => (level > 1 ? word | RW : word)),
    does: [on('read', 2)],
    before: (m) => {
      const root = m.entryAt(m.geometry.roots[0], 2, 2)
      m.S[root] &= ~RW
    },
    look: (m) => tlb(m, 2) & CACHED_W,
    sees: 0,
    survives: true,
  },
  {
    rule: 'a store through a clean translation sets D',
    mutant: 'the page walk never does',
    breakage: mismarking((was, now) => (now & ~D) | (was & D)),
    does: [on('read', 2), on('write', 2)],
    look: (m) => entries(m).filter((word) => word & D).length,
    sees: 1,
    survives: false,
  },
  {
    rule: 'mprotect takes the right to write away',
    mutant: 'it only says so',
    breakage: instead('revoke entry', () => () => 1),
    does: [on('mprotect', 2)],
    look: (m) => entries(m).filter((word) => isPresent(word) && (word & RW) === 0).length,
    sees: 1,
    survives: true,
  },
  {
    rule: 'munmap keeps a table that still maps a page',
    mutant: 'it frees it with its first page',
    breakage: instead('is empty', () => () => 1),
    does: [on('munmap', 2), on('read', 3)],
    look: (m) => tlb(m, 3) & VALID,
    sees: VALID,
    survives: true,
  },
  {
    rule: 'a collapse hands the dirtiness of its pages to the large page',
    mutant: 'it forgets it',
    breakage: instead('copy', (_, m) => (_v, _a, from) => ((m.S[m.frame + from] |= SUPERSEDED), 0)),
    does: [on('write', 2), on('collapse', 2)],
    look: (m) => m.S[m.frame + m.geometry.huge[0].frame] & DIRTY,
    sees: DIRTY,
    survives: true,
  },
  {
    rule: 'INVLPG drops the translation of its page',
    mutant: 'it drops nothing; two operations without speculation never use an old translation',
    breakage: nothing('INVLPG'),
    does: [on('read', 2), on('munmap', 2)],
    look: (m) => tlb(m, 2),
    sees: 0,
    survives: true,
  },
]

/** What is seen after one CPU has done its operations. */
export function seenBy({ does, before, look }: Example, breakage?: Breakage): unknown {
  const world = worldOf(nativeIpi, quiet({ vcpus: 1, preemptions: 0, groups: [[2, 3]] }), [does], breakage)
  before?.(world.machine)
  const out = new Int32Array(MAX_ENABLED)
  for (let count = world.enabled(out); count > 0; count = world.enabled(out)) world.apply(out[0])
  return look(world.machine)
}
