/** Transitions as integers: what kind, who, and a detail. Their names are what corpus cases store. */

/** Of a vCPU; of a device, whose numbers follow theirs; or of the IOMMU, which has the last. */
export const STEP = 0
export const INTERRUPT = 1
export const EXIT = 2
export const RCU_FREE = 3
/** The oldest store in a CPU's store buffer becomes visible. */
export const DRAIN = 4
/** A CPU takes what IF does not mask: the detail is one of those below. */
export const SIGNAL = 5
/** An INVLPGB reaches a pCPU; the detail says from which, and which of its. */
export const BROADCAST = 6
/** From here on: decisions of the host. */
export const SCHEDULE = 7
export const DESCHEDULE = 8
/** From here on: what the environment may do, but never has to. */
export const PREEMPT = 9
/** An NMI from outside arrives and is taken. */
export const NMI_ARRIVES = 10
/** An access that no code asked for begins: a speculative walk of a vCPU, DMA of a device. */
export const SPECULATE = 11
export const SPECULATION_STEP = 12
export const EVICT = 13

/** Details of SIGNAL. */
export const NMI = 0
export const RAR = 1

export const transition = (kind: number, who: number, detail = 0): number =>
  (kind << 16) | (who << 8) | detail
export const kindOf = (t: number): number => t >> 16
export const whoOf = (t: number): number => (t >> 8) & 0xff
export const detailOf = (t: number): number => t & 0xff
