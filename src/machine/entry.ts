/**
 * Paging-structure entries (PxE) as words: the bits that matter to translation, and the frame. Bit positions are
 * those of the SDM (vol. 3, "4-level paging", figure "formats of CR3 and paging-structure entries") except that the
 * frame follows the flags at once.
 */
export const P = 1 << 0
export const RW = 1 << 1
export const US = 1 << 2
export const A = 1 << 3
export const D = 1 << 4
/** Page size: this entry of a PMD (or higher) maps a large page. */
export const PS = 1 << 5
/** Global: the translation is used under every PCID (leaf entries only). */
export const G = 1 << 6
/** Execute-disable. */
export const XD = 1 << 7
/** Some reserved bit. */
export const RSVD = 1 << 8
const KEY_SHIFT = 9
/** Protection keys 0 .. 3 (hardware has 16). */
const KEY_MASK = 3
const FRAME_SHIFT = 11

/** The flags of the pages and tables that are there at the start: present, writable, user, accessed; D clear. */
export const MAPPED = P | RW | US | A

export const entry = (frame: number, flags: number): number => (frame << FRAME_SHIFT) | flags
export const frameOf = (word: number): number => word >> FRAME_SHIFT
export const isPresent = (word: number): boolean => (word & P) !== 0
export const isLarge = (word: number): boolean => (word & PS) !== 0
export const isWritable = (word: number): boolean => (word & RW) !== 0

/** Flags of an entry with protection key `key`. */
export const withKey = (key: number): number => (key & KEY_MASK) << KEY_SHIFT
export const keyOf = (word: number): number => (word >> KEY_SHIFT) & KEY_MASK

export const largestEntry = (frames: number): number => entry(frames, (1 << FRAME_SHIFT) - 1)

/** The entry in words, as kernel people read it: `T0 P W A`. */
export function tellEntry(word: number, frameName: (frame: number) => string): string {
  if ((word & P) === 0) return 'none'
  const flags = [
    [RW, 'W'],
    [A, 'A'],
    [D, 'D'],
    [PS, 'PS'],
    [G, 'G'],
    [XD, 'XD'],
    [RSVD, 'RSVD'],
  ] as const
  return [frameName(frameOf(word)), ...flags.filter(([bit]) => word & bit).map(([, letter]) => letter)].join(
    ' ',
  )
}
