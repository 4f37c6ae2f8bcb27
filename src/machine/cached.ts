/**
 * A cached translation as one word: a TLB entry, a paging-structure-cache entry, the table pointer of a walk in
 * flight, or the translation that an instruction holds between its walk and its access. The low bits are what hardware
 * keeps; the ghost bits say whether the frame was freed since, and whether a flush that should have removed the entry
 * is on its way (`due`) or has completed (`CONDEMNED`). Stale presence is legal; use decides.
 */
export const VALID = 1 << 0
export const CACHED_W = 1 << 1
export const CACHED_U = 1 << 2
export const CACHED_XD = 1 << 3
export const CACHED_D = 1 << 4
/** Of a large page (2M). */
export const CACHED_PS = 1 << 5
/** Of a huge page (1G). */
export const CACHED_HUGE = 1 << 6
/** Global: used under every PCID. */
export const CACHED_G = 1 << 7
/** Ghost: the frame was handed back to the allocator after this was cached. */
export const FREED = 1 << 8
/** Ghost: contradicted by the tables before a flush that covers it began, and that flush has completed. */
export const CONDEMNED = 1 << 9
const KEY_SHIFT = 10
const DUE_SHIFT = 12

/** What an entry keeps of the EPT entry behind it: R, W, X, D, as there. */
const NESTED_BITS = 4
const NESTED_MASK = (1 << NESTED_BITS) - 1

/** Rights as a walk accumulates them: R/W and U/S by AND, XD by OR. */
export const RIGHTS = CACHED_W | CACHED_U | CACHED_XD
/** Rights before the first level. */
export const ALL_RIGHTS = CACHED_W | CACHED_U

/** What lies behind the words of a machine with nested paging: how many hierarchies, and whether words say which. */
export interface Nesting {
  readonly hierarchies: number
  /** Nothing but the word itself tells which hierarchy it was made with, because no tag does. */
  readonly untagged: boolean
}

export const nestingOf = ({ ept, svm }: { ept: number; svm: boolean }): Nesting | undefined =>
  ept === 0 ? undefined : { hierarchies: ept, untagged: svm }

export const cachedKey = (key: number): number => key << KEY_SHIFT
export const keyOfCached = (word: number): number => (word >> KEY_SHIFT) & 3

/** Word layout for a number of vCPUs, which is how many flushes can be on their way at once. */
export class CachedFormat {
  readonly dueMask: number
  /** All ghost bits. */
  readonly ghosts: number
  private readonly frameShift: number
  private readonly frameMask: number
  private readonly spaceShift: number
  private readonly spaceMask: number
  private readonly hostShift: number
  private readonly nestedShift: number
  private readonly viewShift: number
  private readonly viewMask: number
  /** Ghost: contradicted by the EPT before a flush that covers it began, and that flush has completed. */
  readonly eptCondemned: number
  readonly eptDueMask: number
  /**
   * Ghost: since a flush that covers this began, or since the frame was freed, somebody else has stored to the frame or
   * was given it. 0 where nobody asks.
   */
  readonly changed: number
  /** How many bits a word has; a word has room for 31. */
  readonly bits: number
  readonly max: number

  /** `nesting`: entries hold a host frame beside the guest frame that is then a ghost, EPT rights, and ghosts of EPT flushes. */
  constructor(vcpus: number, frames: number, spaces: number, nesting?: Nesting, staleReads = false) {
    const nested = nesting !== undefined
    const frameBits = 32 - Math.clz32(frames)
    this.dueMask = ((1 << vcpus) - 1) << DUE_SHIFT
    this.ghosts = FREED | CONDEMNED | this.dueMask
    this.frameShift = DUE_SHIFT + vcpus
    this.frameMask = (1 << frameBits) - 1
    this.spaceShift = this.frameShift + frameBits
    const spaceBits = spaces > 1 ? 1 : 0
    this.spaceMask = (1 << spaceBits) - 1
    this.hostShift = this.spaceShift + spaceBits
    this.nestedShift = this.hostShift + frameBits
    const ghosts = this.nestedShift + NESTED_BITS
    this.eptCondemned = nested ? 1 << ghosts : 0
    this.eptDueMask = nested ? ((1 << vcpus) - 1) << (ghosts + 1) : 0
    this.viewShift = ghosts + 1 + vcpus
    const viewBits = nesting?.untagged === true && nesting.hierarchies > 1 ? 1 : 0
    this.viewMask = (1 << viewBits) - 1
    const used = nested ? this.viewShift + viewBits : this.hostShift
    this.changed = staleReads ? 1 << used : 0
    this.bits = staleReads ? used + 1 : used
    this.max = 2 ** this.bits - 1
  }

  make(frame: number, space: number, flags: number): number {
    return (space << this.spaceShift) | (frame << this.frameShift) | flags
  }

  frame(word: number): number {
    return (word >> this.frameShift) & this.frameMask
  }

  space(word: number): number {
    return (word >> this.spaceShift) & this.spaceMask
  }

  /** The frame of memory that this leads to: the host frame behind `frame`. */
  host(word: number): number {
    return (word >> this.hostShift) & this.frameMask
  }

  /** Rights and dirty flag of the EPT entry that the host frame came from. */
  nested(word: number): number {
    return (word >> this.nestedShift) & NESTED_MASK
  }

  /** `word` with the host side, ghosts included, of `from`. */
  withHost(word: number, from: number): number {
    const low = (1 << this.hostShift) - 1
    return (word & low) | (from & (~low | FREED))
  }

  /** A guest-physical mapping: the host side alone, of hierarchy `view`. */
  makeHost(host: number, nested: number, view: number): number {
    const ghost = (view & this.viewMask) << this.viewShift
    return ghost | (nested << this.nestedShift) | (host << this.hostShift) | VALID
  }

  /** Ghost: the hierarchy that the host frame came from, where no tag tells it; otherwise 0. */
  view(word: number): number {
    return (word >> this.viewShift) & this.viewMask
  }

  /** The ghost bit that says: the flush that `vcpu` is running should remove this. */
  due(vcpu: number): number {
    return 1 << (DUE_SHIFT + vcpu)
  }

  /** The same of a flush after a change of an EPT entry. */
  eptDue(vcpu: number): number {
    return this.eptCondemned << (1 + vcpu)
  }
}
