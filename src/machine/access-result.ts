/** What came of an access, as code is told: the result of its step, and what that means. */

/** With this bit in its mode an access tells more than whether it faulted: see {@link decodeAccess}. */
export const DETAILED = 1 << 5

/** What came of an access. */
export interface Access {
  /** It raised an exception: a page fault, or #GP. */
  readonly fault: boolean
  /** It raised #GP: the address is not canonical, or beyond the limit of its segment. */
  readonly gp: boolean
  /** Error code of the page fault, 0 without one. {@link EPT_VIOLATION} stands for one that the host did not resolve. */
  readonly code: number
  /** The frame of memory that was reached (with EPT a host frame), 0 for none. */
  readonly frame: number
  /** What it holds: for a write, what was stored. 0 in a scenario without contents. */
  readonly value: number
}

export const decodeAccess = (result: number): Access =>
  result & 1
    ? { fault: true, gp: false, code: result >> 1, frame: 0, value: 0 }
    : { fault: false, gp: false, code: 0, frame: (result >> 1) & 63, value: result >> 7 }

/** What came of an access that raised #GP. */
export const GENERAL_PROTECTION: Access = { fault: true, gp: true, code: 0, frame: 0, value: 0 }

/** In place of an error code: the access is an EPT violation. */
export const EPT_VIOLATION = 1 << 8

/** What an access results in that the host has given up. */
export const givenUp = (mode: number): number => (mode & DETAILED ? (EPT_VIOLATION << 1) | 1 : 1)

/** What a step of an access came to. */
export const UNFINISHED = -1

/** A VM exit because of an EPT violation of `m.violated`; the host decides what comes of the access. */
export const VIOLATES = -2
