/**
 * EPT entries as words: rights, A and D flags, and the host frame (SDM vol. 3, "EPT translation mechanism"). Each EPT
 * maps every guest frame by one entry of its own, in tables of four where there is a level above them, or the frames of
 * a table together by a large entry of that level. Memory types and EPT misconfigurations are left out. An entry with no
 * right is not present.
 */
export const EPT_R = 1 << 0
export const EPT_W = 1 << 1
export const EPT_X = 1 << 2
/** Dirty; next to the rights, so that a cached translation keeps all four in one place. */
export const EPT_D = 1 << 3
/** Accessed. */
export const EPT_A = 1 << 4
const FRAME_SHIFT = 5

export const EPT_RWX = EPT_R | EPT_W | EPT_X

export const eptEntry = (hostFrame: number, flags: number): number => (hostFrame << FRAME_SHIFT) | flags
export const hostFrameOf = (word: number): number => word >> FRAME_SHIFT
export const isEptPresent = (word: number): boolean => (word & EPT_RWX) !== 0
export const largestEptEntry = (frames: number): number => eptEntry(frames, (1 << FRAME_SHIFT) - 1)

/** What a large entry says of one of its guest frames: they lie side by side, and so do the host frames. */
export const pieceOf = (large: number, guestFrame: number): number =>
  large + eptEntry(guestFrame % EPT_TABLE_SPAN, 0)

/** Guest frames that an EPT table maps, or a large entry. */
export const EPT_TABLE_SPAN = 4
/** An EPT table: the level above points to it; it was given back. */
export const EPT_LINKED = 1 << 0
export const EPT_FREED = 1 << 1
export const EPT_TABLE_MAX = EPT_LINKED | EPT_FREED

/** What a host frame is. */
export const HOST_USED = 0
export const HOST_FREE = 1
/** Given to another owner after it was free. */
export const HOST_REUSED = 2

/** The entry in words: `P0 RWX D`. */
export function tellEptEntry(word: number, frameName: (frame: number) => string): string {
  if (!isEptPresent(word)) return 'none'
  const rights = (word & EPT_R ? 'R' : '') + (word & EPT_W ? 'W' : '') + (word & EPT_X ? 'X' : '')
  return `${frameName(hostFrameOf(word))} ${rights}${word & EPT_A ? ' A' : ''}${word & EPT_D ? ' D' : ''}`
}
