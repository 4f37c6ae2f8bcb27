/**
 * The word that the state keeps of a frame: what it is, its references, what the kernel notes of it, and ghosts. Behind
 * it, where the scenario has contents, what the frame holds at a page.
 */

/** What a frame is, in the low bits of its word. */
export const KIND = 7
export const FREE = 0
export const TABLE = 1
export const DATA = 2
/** A page table that was handed to RCU and is still one. */
export const DYING = 3
/** Given to another owner after it was free. */
export const REUSED = 4
/** References to a data frame, above the kind. */
export const REF = 1 << 3
export const REF_MASK = 7 << 3
/** Ghost: a copy has taken this frame's place (THP collapse). */
export const SUPERSEDED = 1 << 6
/** Ghost: a store has reached this frame. */
export const WRITTEN = 1 << 7
/** The kernel knows that the page is dirty (folio flag). */
export const DIRTY = 1 << 8
/** Ghost: final pins held by gup. */
export const PIN = 1 << 9
export const PIN_MASK = 7 << 9
export const FRAME_MAX = (1 << 12) - 1
/** Frames hold small values. */
export const CONTENT_MAX = 15
/** Ghost of what a frame holds at a page: it is a copy of what another frame holds; it was accessed as that. */
export const COPIED = 1 << 4
export const SEEN = 1 << 5
