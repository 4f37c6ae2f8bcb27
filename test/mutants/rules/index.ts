/** All broken rules of the hardware and of what the kernel builds on it, by subject. */
import { asids } from './asids.ts'
import { broadcasts } from './broadcasts.ts'
import { choices } from './choices.ts'
import { contexts } from './contexts.ts'
import { frames } from './frames.ts'
import { hypercalls } from './hypercalls.ts'
import { interrupts } from './interrupts.ts'
import { invlpg } from './invlpg.ts'
import { iommu } from './iommu.ts'
import { largeEpt } from './large-ept.ts'
import { nested } from './nested.ts'
import { staleReads } from './stale-reads.ts'
import { storeBuffer } from './store-buffer.ts'
import { walk } from './walk.ts'

export const rules = {
  invlpg,
  contexts,
  walk,
  storeBuffer,
  interrupts,
  broadcasts,
  iommu,
  hypercalls,
  nested,
  asids,
  largeEpt,
  frames,
  staleReads,
  choices,
}
