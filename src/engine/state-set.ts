/**
 * The set of visited states: packed states one after the other in chunks, in the order of discovery, and an open-
 * addressing table of their numbers. The order of discovery doubles as the queue of a breadth-first search. Comparison
 * is exact; the hash only finds the place, and what room a number leaves in its table entry holds some bits of the
 * hash, so that the table can be filled well, and grow in small steps, without looking at states in vain.
 */
import { bitsFor } from './layout.ts'
import { release, type MemoryLimit } from './memory.ts'

const CHUNK_BITS = 9
const CHUNK_STATES = 1 << CHUNK_BITS

/** The table grows when it is fuller than this, by this factor: entries cost 4.7 to 5.9 bytes a state. */
const FULL = 0.85
const GROWTH = 1.25

export class StateSet {
  count = 0
  /** Working copy of the state to look up: fill it, then call {@link add}. */
  readonly probe: Uint32Array
  /** Bytes a state. */
  readonly size: number
  private readonly probeBytes: Uint8Array
  private readonly memory: MemoryLimit | undefined
  private readonly chunks: Uint8Array<ArrayBuffer>[] = []
  /** Entries: number + 1 in the low bits, hash bits above; 0 is empty. */
  private table = new Uint32Array(512)
  private numberMask = 0x3ff

  /**
   * `size` is the number of bytes that a packed state takes; what is left of its last word is not kept. A limit is asked
   * before the set grows.
   */
  constructor(size: number, memory?: MemoryLimit) {
    this.size = size
    this.memory = memory
    this.probe = new Uint32Array(Math.ceil(size / 4))
    this.probeBytes = new Uint8Array(this.probe.buffer)
  }

  /** Bytes in use, table included. */
  get bytes(): number {
    return this.chunks.length * CHUNK_STATES * this.size + this.table.byteLength
  }

  /** Adds the state in {@link probe}: its number if it is new, otherwise -1 - number. */
  add(): number {
    const { probe, probeBytes, size, table, numberMask } = this
    const h = hash(probe)
    const tag = h & ~numberMask
    let slot = placeOf(h, table.length)
    for (let entry = table[slot]; entry !== 0; entry = table[slot]) {
      if ((entry & ~numberMask) === tag) {
        const number = (entry & numberMask) - 1
        if (this.holds(number)) return -1 - number
      }
      if (++slot === table.length) slot = 0
    }
    const number = this.count
    if (number >> CHUNK_BITS === this.chunks.length) {
      this.memory?.ask(CHUNK_STATES * size)
      this.chunks.push(new Uint8Array(CHUNK_STATES * size))
    }
    this.count++
    const chunk = this.chunks[number >> CHUNK_BITS]
    const at = (number & (CHUNK_STATES - 1)) * size
    for (let i = 0; i < size; i++) chunk[at + i] = probeBytes[i]
    table[slot] = tag | (number + 1)
    if (this.count > table.length * FULL) this.grow()
    return number
  }

  /** Puts a stored state into {@link probe}. */
  fetch(number: number): void {
    const { probeBytes, size } = this
    const chunk = this.chunks[number >> CHUNK_BITS]
    const at = (number & (CHUNK_STATES - 1)) * size
    for (let i = 0; i < size; i++) probeBytes[i] = chunk[at + i]
  }

  /** True if state `number` equals the probe. */
  private holds(number: number): boolean {
    const { probeBytes, size } = this
    const chunk = this.chunks[number >> CHUNK_BITS]
    const at = (number & (CHUNK_STATES - 1)) * size
    for (let i = 0; i < size; i++) if (chunk[at + i] !== probeBytes[i]) return false
    return true
  }

  /** Gives the memory back; the set must not be used after that. */
  free(): void {
    for (const chunk of this.chunks) release(chunk)
    release(this.table)
  }

  private grow(): void {
    const length = Math.ceil(this.table.length * GROWTH)
    this.memory?.ask(length * Uint32Array.BYTES_PER_ELEMENT)
    const table = new Uint32Array(length)
    const looked = this.probe.slice()
    this.numberMask = 2 ** bitsFor(table.length) - 1
    for (let number = 0; number < this.count; number++) {
      this.fetch(number)
      const h = hash(this.probe)
      let slot = placeOf(h, table.length)
      while (table[slot] !== 0) if (++slot === table.length) slot = 0
      table[slot] = (h & ~this.numberMask) | (number + 1)
    }
    release(this.table)
    this.table = table
    this.probe.set(looked)
  }
}

/** A place in a table of any length, from the high bits of a hash. */
const placeOf = (h: number, length: number): number => Math.floor(((h >>> 0) / 0x100000000) * length)

/** The words of a state, mixed; the finalizer of MurmurHash3 (Appleby 2011). */
function hash(words: Uint32Array): number {
  let h = 0x9747b28c
  for (let i = 0; i < words.length; i++) {
    h = Math.imul(h ^ words[i], 0x85ebca6b)
    h ^= h >>> 13
  }
  h = Math.imul(h ^ (h >>> 16), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
