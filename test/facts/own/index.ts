/** Our own facts by subject. */
import { asids } from './asids.ts'
import { broadcasts } from './broadcasts.ts'
import { buffers } from './buffers.ts'
import { choices } from './choices.ts'
import { contexts } from './contexts.ts'
import { freeing } from './freeing.ts'
import { hypercalls } from './hypercalls.ts'
import { interrupts } from './interrupts.ts'
import { iommu } from './iommu.ts'
import { largeEpt } from './large-ept.ts'
import { nested } from './nested.ts'
import { nmis } from './nmis.ts'
import { offline } from './offline.ts'
import { rar } from './rar.ts'
import { readers } from './readers.ts'
import { staleReads } from './stale-reads.ts'
import { structures } from './structures.ts'
import { upperLevels } from './upper-levels.ts'
import { walks } from './walks.ts'

export const ownGroups = {
  structures,
  upperLevels,
  walks,
  contexts,
  buffers,
  interrupts,
  nmis,
  offline,
  broadcasts,
  rar,
  iommu,
  freeing,
  readers,
  hypercalls,
  nested,
  asids,
  largeEpt,
  staleReads,
  choices,
}
