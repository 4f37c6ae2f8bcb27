/**
 * How far a page walk has come, as the integer that its steps result in: the table that it is led to, the level of that
 * table, and the rights so far. A walk's request is the page and the mode of the access.
 */
export const FAULT = 0
export const FILLED = 1
/** The walk must start anew: what it met allows the access, but it has left A flags clear on its way. */
export const RESTART = 2
/** Results from here on are the next table, its level and the rights so far; level 0: D of the leaf is still to be set. */
const BELOW = 3

/** In place of a level: the leaf is read, and its frame is still to be translated through EPT. */
export const FINAL = 7

/** A walk's mode is that of its access, and one bit more. */
export const SPECULATIVE = 1 << 4
/** In a mode: the TLB translates the page already, and keeps what it has. The bits between are those of the access. */
export const PAST_TLB = 1 << 8
const MODE_SHIFT = 6
/** `c` of the walk operations: page, and mode above it. */
export const walkRequest = (page: number, mode: number): number => page | (mode << MODE_SHIFT)
/** In a request: the walk was started anew, and leaves no A flag clear this time. */
export const PUNCTUAL = 1 << (MODE_SHIFT + 5)
export const pageOf = (c: number): number => c & 63
export const modeOf = (c: number): number => c >> MODE_SHIFT

/** Beside the rights: the host frame of the table is known. */
export const TRANSLATED = 1 << 0
/** Beside the rights: the EPT table that translates the frame is known. */
export const EPT_TABLE = 1 << 8
/** Beside the rights: a walk that leaves A flags clear; it can only end in a fault. */
export const LATE = 1 << 4
export const tableOf = (found: number): number => (found - BELOW) >> 9
export const stageOf = (found: number): number => (found - BELOW) & 0x1ff
export const levelOf = (stage: number): number => (stage >> 5) & 7
export const found = (table: number, level: number, rights: number): number =>
  BELOW + ((table << 9) | (level << 5) | rights)
