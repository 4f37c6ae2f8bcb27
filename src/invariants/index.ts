/** All invariants, in the order in which they are asked. To add one: write its file, add its line. */
import { atomicContext } from './atomic-context.ts'
import { addressSpaceIsolation } from './address-space-isolation.ts'
import { dirtyBit } from './dirty-bit.ts'
import { frameLifetime } from './frame-lifetime.ts'
import { freeOnce } from './free-once.ts'
import { hardwareWalk } from './hardware-walk.ts'
import type { Invariant } from './invariant.ts'
import { lostWrite } from './lost-write.ts'
import { pageSizeCoherence } from './page-size-coherence.ts'
import { pinnedPage } from './pinned-page.ts'
import { staleCopy } from './stale-copy.ts'
import { softwareWalk } from './software-walk.ts'
import { staleTranslation } from './stale-translation.ts'
import { writeProtection } from './write-protection.ts'

export const invariants: readonly Invariant[] = [
  softwareWalk,
  hardwareWalk,
  frameLifetime,
  staleTranslation,
  writeProtection,
  lostWrite,
  pinnedPage,
  dirtyBit,
  addressSpaceIsolation,
  pageSizeCoherence,
  freeOnce,
  staleCopy,
  atomicContext,
]

/** The invariant that a state without progress breaks; judged by the world, which knows who waits for whom. */
export const FLUSH_COMPLETES = {
  name: 'flush-completes',
  sentence: 'Every flush completes: nobody waits for ever.',
} as const

export type { Invariant } from './invariant.ts'
