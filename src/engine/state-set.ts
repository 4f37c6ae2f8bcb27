/**
 * The set of visited states: packed states one after the other in chunks, in the order of discovery, and an open-
 * addressing table of their numbers. The order of discovery doubles as the queue of a breadth-first search. Comparison
 * is exact; the hash only finds the place, and what room a number leaves in its table entry holds bits of the hash that
 * did not choose the place, so that the table can be filled well, and grow in small steps, without looking at states in
 * vain. What a large set costs is waiting for memory; {@link addAll} waits for many states at once.
 */
import { hash } from './hash.ts'
import { bitsFor } from './layout.ts'
import { release, type MemoryLimit } from './memory.ts'

/** Few chunks hold millions of states; the last one grows in steps of so many, so that small sets stay small. */
const CHUNK_BITS = 13
const CHUNK_STATES = 1 << CHUNK_BITS
const CHUNK_STEP = 512

/** The table grows when it is fuller than this, by this factor: entries cost 4.7 to 5.9 bytes a state. */
const FULL = 0.85
const GROWTH = 1.25

/** Values that a hash can have. */
const HASHES = 0x100000000

/** States that are looked up at once, at most. */
export const BATCH = 128

export class StateSet {
  count = 0
  /** Working copy of the state to look up: fill it, then call {@link add}. */
  readonly probe: Int32Array
  /** Bytes a state. */
  readonly size: number
  /** Whole words of a state, and bytes behind them. */
  private readonly whole: number
  private readonly rest: number
  private readonly memory: MemoryLimit | undefined
  private readonly chunks: DataView<ArrayBuffer>[] = []
  /** Entries: number + 1 in the low bits, hash bits above; 0 is empty. */
  private table = new Int32Array(512)
  /** Bits of a number in an entry, and the mask of those. */
  private numberBits = bitsFor(512)
  private numberMask = 0x3ff
  /** Places of the table for each value of a hash. */
  private scale = 512 / HASHES
  private readonly hashes = new Int32Array(BATCH)
  private taken = 0
  /** What {@link touch} has read; kept, so that no compiler leaves the reads out. */
  touched = 0

  /**
   * `size` is the number of bytes that a packed state takes; what is left of its last word is not kept. A limit is asked
   * before the set grows.
   */
  constructor(size: number, memory?: MemoryLimit) {
    this.size = size
    this.memory = memory
    this.probe = new Int32Array(Math.ceil(size / 4))
    this.whole = size >> 2
    this.rest = size & 3
  }

  /** Bytes in use, table included. */
  get bytes(): number {
    return this.chunks.reduce((sum, { byteLength }) => sum + byteLength, 0) + this.table.byteLength
  }

  /** Adds the state in {@link probe}: its number if it is new, otherwise -1 - number. */
  add(): number {
    return this.put(this.probe, 0, hash(this.probe, 0, this.probe.length))
  }

  /** Adds `count` states that lie one after the other, each in as many words as {@link probe}. */
  addAll(states: Int32Array, count: number): void {
    const { hashes, probe } = this
    const words = probe.length
    for (let i = 0; i < count; i++) hashes[i] = hash(states, i * words, words)
    this.touch(count)
    for (let i = 0; i < count; i++) this.put(states, i * words, hashes[i])
  }

  /** Reads the state after the one that was taken last; the first one at first. */
  take(into: Int32Array): void {
    this.read(this.taken++, into)
  }

  /** Puts a stored state into {@link probe}. */
  fetch(number: number): void {
    this.read(number, this.probe)
  }

  /**
   * Reads what the look-ups of a batch will read first. The reads do not depend on each other, so the processor makes
   * them all at once, where one look-up after the other would wait for each.
   */
  private touch(count: number): void {
    const { hashes, table, numberBits, numberMask, scale, size, chunks } = this
    let sum = 0
    for (let i = 0; i < count; i++) {
      const h = hashes[i]
      const entry = table[((h >>> 0) * scale) | 0]
      if (entry !== 0 && ((entry ^ (h << numberBits)) & ~numberMask) === 0) {
        const number = (entry & numberMask) - 1
        sum ^= chunks[number >> CHUNK_BITS].getUint8((number & (CHUNK_STATES - 1)) * size)
      }
    }
    this.touched = sum
  }

  /** Adds the state at `states[from ..]`, whose hash is `h`: its number if it is new, otherwise -1 - number. */
  private put(states: Int32Array, from: number, h: number): number {
    const { table, numberBits, numberMask, scale } = this
    const tag = h << numberBits
    let slot = ((h >>> 0) * scale) | 0
    for (let entry = table[slot]; entry !== 0; entry = table[slot]) {
      if (((entry ^ tag) & ~numberMask) === 0) {
        const number = (entry & numberMask) - 1
        if (this.holds(number, states, from)) return -1 - number
      }
      if (++slot === table.length) slot = 0
    }
    const number = this.count
    this.write(number, states, from)
    this.count++
    table[slot] = tag | (number + 1)
    if (this.count > table.length * FULL) this.grow()
    return number
  }

  private read(number: number, into: Int32Array): void {
    const { size, whole, rest } = this
    const chunk = this.chunks[number >> CHUNK_BITS]
    let at = (number & (CHUNK_STATES - 1)) * size
    for (let i = 0; i < whole; i++, at += 4) into[i] = chunk.getInt32(at, true)
    if (rest === 0) return
    let last = 0
    for (let i = 0; i < rest; i++) last |= chunk.getUint8(at + i) << (8 * i)
    into[whole] = last
  }

  private write(number: number, states: Int32Array, from: number): void {
    const { size, whole, rest } = this
    const chunk = this.roomFor(number)
    let at = (number & (CHUNK_STATES - 1)) * size
    for (let i = 0; i < whole; i++, at += 4) chunk.setInt32(at, states[from + i], true)
    for (let i = 0; i < rest; i++) chunk.setUint8(at + i, states[from + whole] >>> (8 * i))
  }

  /** The chunk that state `number` belongs to, made or enlarged where needed. */
  private roomFor(number: number): DataView {
    const { chunks, size } = this
    const which = number >> CHUNK_BITS
    const place = number & (CHUNK_STATES - 1)
    if (place % CHUNK_STEP === 0) {
      this.memory?.ask((place + CHUNK_STEP) * size)
      const larger = new Uint8Array((place + CHUNK_STEP) * size)
      if (place > 0) {
        larger.set(new Uint8Array(chunks[which].buffer))
        release(chunks[which])
      }
      chunks[which] = new DataView(larger.buffer)
    }
    return chunks[which]
  }

  /** True if state `number` equals the one at `states[from ..]`. */
  private holds(number: number, states: Int32Array, from: number): boolean {
    const { size, whole, rest } = this
    const chunk = this.chunks[number >> CHUNK_BITS]
    let at = (number & (CHUNK_STATES - 1)) * size
    for (let i = 0; i < whole; i++, at += 4) if (chunk.getInt32(at, true) !== states[from + i]) return false
    for (let i = 0; i < rest; i++) {
      if (chunk.getUint8(at + i) !== ((states[from + whole] >>> (8 * i)) & 0xff)) return false
    }
    return true
  }

  /** Gives the memory back; the set must not be used after that. */
  free(): void {
    for (const chunk of this.chunks) release(chunk)
    release(this.table)
  }

  private grow(): void {
    const length = Math.ceil(this.table.length * GROWTH)
    this.memory?.ask(length * Int32Array.BYTES_PER_ELEMENT)
    const table = new Int32Array(length)
    const hashes = new Int32Array(BATCH)
    for (let first = 0; first < this.count; first += BATCH) {
      const count = Math.min(BATCH, this.count - first)
      this.hashStored(first, count, hashes)
      this.touched = touch(table, hashes, count)
      enter(table, hashes, first, count)
    }
    release(this.table)
    this.table = table
    this.numberBits = bitsFor(table.length)
    this.numberMask = 2 ** this.numberBits - 1
    this.scale = length / HASHES
  }

  private hashStored(first: number, count: number, hashes: Int32Array): void {
    const state = new Int32Array(this.probe.length)
    for (let i = 0; i < count; i++) {
      this.read(first + i, state)
      hashes[i] = hash(state, 0, state.length)
    }
  }
}

/** Reads the places of hashes in a table. */
function touch(table: Int32Array, hashes: Int32Array, count: number): number {
  const scale = table.length / HASHES
  let sum = 0
  for (let i = 0; i < count; i++) sum ^= table[((hashes[i] >>> 0) * scale) | 0]
  return sum
}

/** Enters states, which are known to be different, into a table with room for them. */
function enter(table: Int32Array, hashes: Int32Array, first: number, count: number): void {
  const numberBits = bitsFor(table.length)
  const scale = table.length / HASHES
  for (let i = 0; i < count; i++) {
    let slot = ((hashes[i] >>> 0) * scale) | 0
    while (table[slot] !== 0) if (++slot === table.length) slot = 0
    table[slot] = (hashes[i] << numberBits) | (first + i + 1)
  }
}
