/**
 * What a transition touches, as one integer: a word of the state, and whether it is written. Strategies that tell races
 * from steps that commute live on it. It says what conflicts, not what is independent: who would leave out schedules
 * on its account needs more than this.
 */

/** Nothing that another transition touches. */
export const NOTHING = -2
/** Anything: conflicts with all but NOTHING. */
export const EVERYTHING = -1

export const reads = (word: number): number => word << 1
export const writes = (word: number): number => (word << 1) | 1

/** The word of a footprint that has one; otherwise a negative number. */
export const wordOf = (footprint: number): number => footprint >> 1
export const isWrite = (footprint: number): boolean => footprint >= 0 && (footprint & 1) === 1

/** True if the order of two transitions can matter: both touch a word, and one of them writes it. */
export function conflict(a: number, b: number): boolean {
  if (a === NOTHING || b === NOTHING) return false
  if (a === EVERYTHING || b === EVERYTHING) return true
  return a >> 1 === b >> 1 && ((a | b) & 1) === 1
}
