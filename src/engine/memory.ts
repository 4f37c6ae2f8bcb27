/**
 * A limit to the memory of the process. What counts is what the process holds (its resident set, as the system measures
 * it) and what it is about to take: tables ask before they grow, so the limit also holds while the old and the new one are
 * both there. Measuring takes microseconds, so it is done now and then; in between, what tables have asked for is added up.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const MEGABYTE = 1 << 20
/** So much may be asked for before the process is measured again. */
const UNMEASURED = 8 * MEGABYTE
/** Kept free for what nobody asks for: compiled code, control states, young objects until they are collected. */
const MARGIN = 24 * MEGABYTE

/** What was asked for does not fit. Whoever began the search says so to the user. */
export class OutOfMemory extends Error {}

export class MemoryLimit {
  /** The limit in bytes. */
  readonly bytes: number
  private readonly resident: () => number
  private readonly collect: () => void
  private measured = 0
  /** Asked for since the process was measured. */
  private asked = Infinity

  /** `resident` measures the process, in bytes; `collect` frees what nobody needs. */
  constructor(bytes: number, resident = process.memoryUsage.rss, collect = collectGarbage) {
    this.bytes = bytes
    this.resident = resident
    this.collect = collect
  }

  /**
   * Asks for so many bytes more.
   * @throws OutOfMemory if they do not fit
   */
  ask(bytes: number): void {
    this.asked += bytes
    if (this.asked > UNMEASURED || !this.fits()) this.measure(bytes)
    if (this.fits()) return
    this.collect()
    this.measure(bytes)
    if (!this.fits()) throw new OutOfMemory(`more than ${this.bytes} bytes`)
  }

  /** True if the process holds as much as it may already; for work that asks for nothing. */
  get exceeded(): boolean {
    this.measure(0)
    if (this.fits()) return false
    this.collect()
    this.measure(0)
    return !this.fits()
  }

  /** Bytes that counted when the process was measured last, with what is kept free. */
  get held(): number {
    return this.measured + MARGIN
  }

  private measure(bytes: number): void {
    this.measured = this.resident()
    this.asked = bytes
  }

  private fits(): boolean {
    return this.measured + this.asked + MARGIN <= this.bytes
  }
}

/** True for what is thrown where memory ends: a limit that was set, or the system's own. */
export const isOutOfMemory = (thrown: unknown): boolean =>
  thrown instanceof OutOfMemory || (thrown instanceof RangeError && /allocation failed/i.test(thrown.message))

/** Collects garbage at once: what former searches left behind is no reason to give one up. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
}

/** Gives the memory of an array back at once, not when somebody collects it. The array has no elements after that. */
export function release(array: { readonly buffer: ArrayBuffer }): void {
  array.buffer.transfer(0)
}
