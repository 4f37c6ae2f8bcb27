/** Transitions of a protocol as integers: what kind, who, and which outcome of a pick. */

/** Of a thread. */
export const STEP = 0
/** The host gives a CPU back; from PREEMPT on, nobody has to do it. */
export const SCHEDULE = 1
export const PREEMPT = 2

export const transition = (kind: number, who: number, detail = 0): number =>
  (kind << 16) | (who << 8) | detail
export const kindOf = (t: number): number => t >> 16
export const whoOf = (t: number): number => (t >> 8) & 0xff
export const detailOf = (t: number): number => t & 0xff
