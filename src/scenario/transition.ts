/** Transitions as integers: what kind, who, and a detail. Their names are what corpus cases store. */

/** Of a vCPU; of a device, whose numbers follow theirs; or of the IOMMU, which has the last. */
export const STEP = 0
export const INTERRUPT = 1
export const EXIT = 2
export const RCU_FREE = 3
/** The oldest store in a CPU's store buffer becomes visible. */
export const DRAIN = 4
export const SCHEDULE = 5
export const DESCHEDULE = 6
/** From here on: what the environment may do, but never has to. */
export const PREEMPT = 7
/** An access that no code asked for begins: a speculative walk of a vCPU, DMA of a device. */
export const SPECULATE = 8
export const SPECULATION_STEP = 9
export const EVICT = 10

export const transition = (kind: number, who: number, detail = 0): number =>
  (kind << 16) | (who << 8) | detail
export const kindOf = (t: number): number => t >> 16
export const whoOf = (t: number): number => (t >> 8) & 0xff
export const detailOf = (t: number): number => t & 0xff
