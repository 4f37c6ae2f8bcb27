/**
 * The set of visited states: packed states one after the other in chunks, in the order of discovery, and an open-
 * addressing table of their numbers. Comparison is exact; the hash only finds the place (the finalizer of MurmurHash3,
 * Appleby 2011, over the words). The order of discovery doubles as the queue of a breadth-first search.
 */
const CHUNK_BITS = 9
const CHUNK_STATES = 1 << CHUNK_BITS

export class StateSet {
  count = 0
  /** Words a state. */
  readonly size: number
  /** Working copy of the state to look up: fill it, then call {@link add}. */
  readonly probe: Uint32Array
  private readonly chunks: Uint32Array[] = []
  private table = new Int32Array(1 << 9)
  private mask = (1 << 9) - 1

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
    const { probe, size } = this
    let slot = hash(probe, 0, size) & this.mask
    for (;;) {
      const entry = this.table[slot] - 1
      if (entry < 0) break
      const chunk = this.chunks[entry >> CHUNK_BITS]
      const at = (entry & (CHUNK_STATES - 1)) * size
      let i = 0
      while (i < size && chunk[at + i] === probe[i]) i++
      if (i === size) return -1 - entry
      slot = (slot + 1) & this.mask
    }
    const number = this.count++
    if (number >> CHUNK_BITS === this.chunks.length) this.chunks.push(new Uint32Array(CHUNK_STATES * size))
    this.chunks[number >> CHUNK_BITS].set(probe, (number & (CHUNK_STATES - 1)) * size)
    this.table[slot] = number + 1
    if (this.count * 5 > this.table.length * 4) this.grow()
    return number
  }

  /** Where a state is stored: its chunk, and its first word there. */
  chunk(number: number): Uint32Array {
    return this.chunks[number >> CHUNK_BITS]
  }

  offset(number: number): number {
    return (number & (CHUNK_STATES - 1)) * this.size
  }

  private grow(): void {
    const { size } = this
    const table = new Int32Array(this.table.length * 2)
    this.mask = table.length - 1
    for (let number = 0; number < this.count; number++) {
      let slot = hash(this.chunk(number), this.offset(number), size) & this.mask
      while (table[slot] !== 0) slot = (slot + 1) & this.mask
      table[slot] = number + 1
    }
    this.table = table
  }
}

function hash(words: Uint32Array, at: number, size: number): number {
  let h = 0x9747b28c
  for (let i = 0; i < size; i++) {
    h = Math.imul(h ^ words[at + i], 0x85ebca6b)
    h = (h ^ (h >>> 13)) | 0
  }
  h = Math.imul(h ^ (h >>> 16), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
