/**
 * The states that a breadth-first search has met, and those of them that it has yet to expand. States lie in an open-
 * addressing table themselves, so that to look one up is to wait for memory once; {@link addAll} waits for many at once.
 * The table is in the order of hashes: it grows by reading and writing from its beginning to its end, which memory is
 * fast at, and in parts, so that there is never a second table. States have no numbers; `StateSet` is for those who need
 * some. Comparison is exact.
 */
import { hash } from './hash.ts'
import { release, type MemoryLimit } from './memory.ts'
import { StateQueue } from './state-queue.ts'
import { BATCH } from './state-set.ts'

/** Parts of the table, by the highest bits of a hash. */
const PART_BITS = 4
const PARTS = 1 << PART_BITS

/** A part grows when it is fuller than this, by this factor: 1.5 to 3.1 places a state. */
const FULL = 0.65
const GROWTH = 2
const FIRST_LENGTH = 32

const HASHES = 0x100000000

/**
 * Most states are met again soon after they were met, so some of those looked up last are at hand: a small table that
 * grows with the set, one state a place.
 */
const RECENT = 1 << 8
const MOST_RECENT = 1 << 14

export class Visited {
  count = 0
  /** Elements of a state. */
  private readonly size: number
  private readonly memory: MemoryLimit | undefined
  private readonly parts: Int32Array<ArrayBuffer>[] = []
  /** By part: places, states that it is full with, states, and places for each value of the rest of a hash. */
  private readonly lengths = new Int32Array(PARTS)
  private readonly limits = new Int32Array(PARTS)
  private readonly counts = new Int32Array(PARTS)
  private readonly scales = new Float64Array(PARTS)
  /** A place that is empty holds zeros; the state that is nothing but zeros is here. */
  private hasZero = false
  private readonly queue: StateQueue
  private readonly hashes = new Int32Array(BATCH)
  private readonly kept = new Int32Array(BATCH)
  private recent = new Int32Array(0)
  private recentMask = 0
  /** What {@link touch} has read; kept, so that no compiler leaves the reads out. */
  touched = 0

  /** `size` is the number of elements of a packed state. A limit is asked before the set grows. */
  constructor(size: number, memory?: MemoryLimit) {
    this.size = size
    this.memory = memory
    this.queue = new StateQueue(size, memory)
    this.remember(RECENT)
    for (let part = 0; part < PARTS; part++) this.lay(part, new Int32Array(FIRST_LENGTH * size))
  }

  /** Bytes in use. */
  get bytes(): number {
    return this.parts.reduce((sum, { byteLength }) => sum + byteLength, this.queue.bytes)
  }

  /** Adds `count` states, at most BATCH, that lie one after the other. */
  addAll(states: Int32Array, count: number): void {
    const { hashes, size } = this
    const fresh = this.dropRecent(states, count)
    this.touch(fresh)
    for (let i = 0; i < fresh; i++) this.add(states, this.kept[i] * size, hashes[i])
  }

  /** Hashes the states of a batch, and leaves out those that were looked up a short while ago; results in how many are left. */
  private dropRecent(states: Int32Array, count: number): number {
    const { hashes, kept, recent, recentMask, size } = this
    let fresh = 0
    for (let i = 0; i < count; i++) {
      const from = i * size
      const h = hash(states, from, size)
      const at = (h & recentMask) * size
      let differs = 0
      for (let j = 0; j < size; j++) {
        differs |= recent[at + j] ^ states[from + j]
        recent[at + j] = states[from + j]
      }
      if (differs === 0) continue
      kept[fresh] = i
      hashes[fresh++] = h
    }
    return fresh
  }

  /** Takes the state that was met first of those not taken yet; there must be one. */
  take(into: Int32Array): void {
    this.queue.take(into)
  }

  /** Gives the memory back; the set must not be used after that. */
  free(): void {
    for (const part of this.parts) release(part)
    this.queue.free()
  }

  /**
   * Reads the places that the look-ups of a batch will read first. The reads do not depend on each other, so the
   * processor makes them all at once, where one look-up after the other would wait for each.
   */
  private touch(count: number): void {
    const { hashes, parts, scales, size } = this
    let sum = 0
    for (let i = 0; i < count; i++) {
      const part = hashes[i] >>> (32 - PART_BITS)
      sum ^= parts[part][((((hashes[i] << PART_BITS) >>> 0) * scales[part]) | 0) * size]
    }
    this.touched = sum
  }

  private add(states: Int32Array, from: number, h: number): void {
    const { size } = this
    const part = h >>> (32 - PART_BITS)
    const table = this.parts[part]
    let at = ((((h << PART_BITS) >>> 0) * this.scales[part]) | 0) * size
    const first = states[from]
    for (;;) {
      const there = table[at]
      if (there === first && same(table, at, states, from, size)) {
        if (there !== 0 || this.hasZero || !isEmpty(table, at, size)) return
        this.hasZero = true
        break
      }
      if (there === 0 && isEmpty(table, at, size)) {
        for (let i = 0; i < size; i++) table[at + i] = states[from + i]
        if (++this.counts[part] > this.limits[part]) this.grow(part)
        break
      }
      at += size
      if (at === table.length) at = 0
    }
    this.count++
    this.queue.put(states, from)
  }

  /** Begins anew with remembering as many of the states looked up last. */
  private remember(places: number): void {
    const { size } = this
    const mask = places - 1
    const recent = new Int32Array(places * size)
    // Where nobody has been looked up there is a state that belongs elsewhere: zeros, but where these belong themselves.
    const own = (hash(recent, 0, size) & mask) * size
    while ((hash(recent, own, size) & mask) * size === own) recent[own]++
    this.recent = recent
    this.recentMask = mask
  }

  private grow(part: number): void {
    const { size } = this
    const places = this.recentMask + 1
    if (places < MOST_RECENT && this.count > 4 * places) this.remember(4 * places)
    const old = this.parts[part]
    const length = Math.ceil(this.lengths[part] * GROWTH)
    this.memory?.ask(length * size * Int32Array.BYTES_PER_ELEMENT)
    const table = new Int32Array(length * size)
    this.lay(part, table)
    const scale = this.scales[part]
    for (let from = 0; from < old.length; from += size) {
      if (old[from] === 0 && isEmpty(old, from, size)) continue
      const h = hash(old, from, size)
      let at = ((((h << PART_BITS) >>> 0) * scale) | 0) * size
      while (table[at] !== 0 || !isEmpty(table, at, size)) {
        at += size
        if (at === table.length) at = 0
      }
      for (let i = 0; i < size; i++) table[at + i] = old[from + i]
    }
    release(old)
  }

  private lay(part: number, table: Int32Array<ArrayBuffer>): void {
    const length = table.length / this.size
    this.parts[part] = table
    this.lengths[part] = length
    this.limits[part] = Math.floor(length * FULL)
    this.scales[part] = length / HASHES
  }
}

function same(x: Int32Array, at: number, y: Int32Array, from: number, size: number): boolean {
  for (let i = 1; i < size; i++) if (x[at + i] !== y[from + i]) return false
  return true
}

function isEmpty(table: Int32Array, at: number, size: number): boolean {
  for (let i = 0; i < size; i++) if (table[at + i] !== 0) return false
  return true
}
