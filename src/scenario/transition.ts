/** Transitions as integers: what kind, who, and a detail. Their names are what corpus cases store. */

export const STEP = 0
export const INTERRUPT = 1
export const EXIT = 2
export const RCU_FREE = 3
/** A CPU takes what IF does not mask: the detail is one of those below. */
export const SIGNAL = 4
/** An INVLPGB reaches a pCPU; the detail says from which, and which of its. */
export const BROADCAST = 5
/** From here on: decisions of the host. */
export const SCHEDULE = 6
export const DESCHEDULE = 7
/** From here on: what the environment may do, but never has to. */
export const PREEMPT = 8
/** An NMI from outside arrives and is taken. */
export const NMI_ARRIVES = 9
export const SPECULATE = 10
export const SPECULATION_STEP = 11
export const EVICT = 12

/** Details of SIGNAL. */
export const NMI = 0
export const RAR = 1

export const transition = (kind: number, who: number, detail = 0): number =>
  (kind << 16) | (who << 8) | detail
export const kindOf = (t: number): number => t >> 16
export const whoOf = (t: number): number => (t >> 8) & 0xff
export const detailOf = (t: number): number => t & 0xff
