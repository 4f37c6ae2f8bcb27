/**
 * The set of visited states: packed states one after the other in chunks, in the order of discovery, and an open-
 * addressing table of their numbers. The order of discovery doubles as the queue of a breadth-first search. Comparison
 * is exact; the hash only finds the place, and what room a number leaves in its table entry holds some bits of the
 * hash, so that the table can be filled well, and grow in small steps, without looking at states in vain.
 */
import { bitsFor } from './layout.ts'

const CHUNK_BITS = 9
const CHUNK_STATES = 1 << CHUNK_BITS

/** The table grows when it is fuller than this, by this factor: entries cost 4.7 to 5.9 bytes a state. */
const FULL = 0.85
const GROWTH = 1.25

export class StateSet {
  count = 0
  /** Words a state. */
  readonly size: number
  /** Working copy of the state to look up: fill it, then call {@link add}. */
  readonly probe: Uint32Array
  private readonly chunks: Uint32Array[] = []
  /** Entries: number + 1 in the low bits, hash bits above; 0 is empty. */
  private table = new Uint32Array(512)
  private numberMask = 0x3ff

  constructor(size: number) {
    this.size = size
    this.probe = new Uint32Array(size)
  }

  /** Bytes in use, table included. */
  get bytes(): number {
    return this.chunks.length * CHUNK_STATES * this.size * 4 + this.table.byteLength
  }

  /** Adds the state in {@link probe}: its number if it is new, otherwise -1 - number. */
  add(): number {
    const { probe, size, table, numberMask } = this
    const h = hash(probe, 0, size)
    const tag = h & ~numberMask
    let slot = placeOf(h, table.length)
    for (let entry = table[slot]; entry !== 0; entry = table[slot]) {
      if ((entry & ~numberMask) === tag) {
        const number = (entry & numberMask) - 1
        if (this.holds(number)) return -1 - number
      }
      if (++slot === table.length) slot = 0
    }
    const number = this.count++
    if (number >> CHUNK_BITS === this.chunks.length) this.chunks.push(new Uint32Array(CHUNK_STATES * size))
    this.chunks[number >> CHUNK_BITS].set(probe, (number & (CHUNK_STATES - 1)) * size)
    table[slot] = tag | (number + 1)
    if (this.count > table.length * FULL) this.grow()
    return number
  }

  /** The chunk that a state is stored in, and its first word there. */
  chunk(number: number): Uint32Array {
    return this.chunks[number >> CHUNK_BITS]
  }

  offset(number: number): number {
    return (number & (CHUNK_STATES - 1)) * this.size
  }

  /** True if state `number` equals the probe. */
  private holds(number: number): boolean {
    const { probe, size } = this
    const chunk = this.chunks[number >> CHUNK_BITS]
    const at = (number & (CHUNK_STATES - 1)) * size
    for (let i = 0; i < size; i++) if (chunk[at + i] !== probe[i]) return false
    return true
  }

  private grow(): void {
    const table = new Uint32Array(Math.ceil(this.table.length * GROWTH))
    this.numberMask = 2 ** bitsFor(table.length) - 1
    for (let number = 0; number < this.count; number++) {
      const h = hash(this.chunk(number), this.offset(number), this.size)
      let slot = placeOf(h, table.length)
      while (table[slot] !== 0) if (++slot === table.length) slot = 0
      table[slot] = (h & ~this.numberMask) | (number + 1)
    }
    this.table = table
  }
}

/** A place in a table of any length, from the high bits of a hash. */
const placeOf = (h: number, length: number): number => Math.floor(((h >>> 0) / 0x100000000) * length)

/** The words of a state, mixed; the finalizer of MurmurHash3 (Appleby 2011). */
function hash(words: Uint32Array, at: number, size: number): number {
  let h = 0x9747b28c
  for (let i = 0; i < size; i++) {
    h = Math.imul(h ^ words[at + i], 0x85ebca6b)
    h ^= h >>> 13
  }
  h = Math.imul(h ^ (h >>> 16), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
