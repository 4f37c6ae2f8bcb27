/**
 * Stored states, packed to the bits they need. What a word needs is learned rather than declared: each word has a
 * dictionary of the values it was seen to hold, and its width is what the number of those takes. A word that never
 * changes takes no bits, so a feature that nobody uses takes no room. When a word holds more values than its width
 * allows, the packer says so, and the search begins again with a wider one.
 */
import { Dictionary } from './dictionary.ts'
import { bitsFor } from './layout.ts'
import type { Placing } from './placing.ts'
import { Restart } from './restart.ts'

/** The packer met more values than a word's width has room for; it has been widened, and the search must restart. */
export class Widened extends Restart {}

export class Packer implements Placing {
  /** Packed size in 32-bit words, and in bytes: the last word may be used in part. */
  size = 0
  bytes = 0
  /** Packed size in bits. */
  bits = 0
  /** Goes up whenever words are laid out anew: what was packed before is packed otherwise from then on. */
  arrangements = 0
  private words: Int32Array = new Int32Array(0)
  private shifts: Int32Array = new Int32Array(0)
  private places: Int32Array = new Int32Array(0)
  private capacities: Int32Array = new Int32Array(0)
  private constants: Int32Array = new Int32Array(0)
  /** By word: its place among the changing ones, or -1. */
  private slots: Int32Array = new Int32Array(0)
  /** Of each changing word: codes by value, -1 where a value has none; values by code. */
  private codes: Int32Array[] = []
  private values: (readonly number[])[] = []
  private readonly dictionaries: Dictionary[]
  private readonly base: Int32Array

  /** `initial` is a state that the system starts in; `sample` offers states to learn widths from. */
  constructor(initial: Int32Array, sample: (offer: (state: Int32Array) => void) => void) {
    this.base = initial.slice()
    this.dictionaries = Array.from(initial, (value) => new Dictionary(value))
    sample((state) => {
      for (let i = 0; i < state.length; i++) this.dictionaries[i].number(state[i])
    })
    this.arrange()
  }

  /** Takes another initial state of the same system for the words that do not change. */
  from(initial: Int32Array): void {
    let full = false
    for (let word = 0; word < initial.length; word++) {
      if (initial[word] !== this.base[word] && this.enter(word, initial[word]) < 0) full = true
    }
    if (full) this.arrange()
  }

  /** Words behind those of the state are given: they lie unpacked behind it. */
  place(word: number): number {
    if (word >= this.base.length) return this.size + word - this.base.length
    const i = this.slots[word]
    return i < 0 ? 0 : this.places[i]
  }

  shift(word: number): number {
    const i = this.slots[word] ?? -1
    return i < 0 ? 0 : this.shifts[i]
  }

  mask(word: number): number {
    if (word >= this.base.length) return -1
    const i = this.slots[word]
    return i < 0 ? 0 : this.capacities[i] - 1
  }

  find(word: number, value: number): number {
    return word < this.base.length ? this.dictionaries[word].find(value) : value
  }

  number(word: number, value: number): number {
    if (word >= this.base.length) return value
    const code = this.enter(word, value)
    if (code >= 0) return code
    this.arrange()
    return this.dictionaries[word].find(value)
  }

  /** Writes the packed form of `state` to `out`. */
  pack(state: Int32Array, out: Int32Array): void {
    const { words, shifts, places, codes, constants, size, base } = this
    for (let i = 0; i < size; i++) out[i] = 0
    for (let i = 0; i < words.length; i++) {
      const value = state[words[i]]
      // Read as unsigned, a negative value is a large one.
      const table = codes[i]
      let code = value >>> 0 < table.length ? table[value] : -1
      if (code < 0) code = this.learn(words[i], value)
      out[places[i]] |= code << shifts[i]
    }
    let changed = 0
    for (let i = 0; i < constants.length; i++) changed |= state[constants[i]] ^ base[constants[i]]
    if (changed !== 0) this.learnConstants(state)
  }

  /**
   * Like {@link pack}, where `packed` is known to be the packed form of `near`, a state that differs in few words.
   * Writes to `out[at ..]`, and puts `state` back to `near`: one pass over the state serves both.
   */
  repack(state: Int32Array, near: Int32Array, packed: Int32Array, out: Int32Array, at: number): void {
    const { slots, shifts, places, codes, capacities, size } = this
    for (let i = 0; i < size; i++) out[at + i] = packed[i]
    for (let word = 0; word < near.length; word++) {
      const value = state[word]
      if (value === near[word]) continue
      state[word] = near[word]
      const i = slots[word]
      let code = -1
      if (i >= 0) {
        const table = codes[i]
        if (value >>> 0 < table.length) code = table[value]
      }
      if (code < 0) code = this.learn(word, value)
      const place = at + places[i]
      out[place] = (out[place] & ~((capacities[i] - 1) << shifts[i])) | (code << shifts[i])
    }
  }

  /** A word that never changed has changed. */
  private learnConstants(state: Int32Array): void {
    for (const word of this.constants) if (state[word] !== this.base[word]) this.learn(word, state[word])
  }

  /** Puts a packed state back. */
  unpack(packed: Int32Array, state: Int32Array): void {
    state.set(this.base)
    this.unpackChanging(packed, state, state)
  }

  /** Puts a packed state back into two copies, each of which has held a state of this packer before. */
  unpackChanging(packed: Int32Array, state: Int32Array, copy: Int32Array): void {
    const { words, shifts, places, values, capacities } = this
    for (let i = 0; i < words.length; i++) {
      const code = (packed[places[i]] >>> shifts[i]) & (capacities[i] - 1)
      state[words[i]] = copy[words[i]] = values[i][code]
    }
  }

  /** The number of a value that is in no table of codes; throws Widened if the word has no room for it. */
  private learn(word: number, value: number): number {
    const code = this.enter(word, value)
    if (code >= 0) return code
    this.arrange()
    throw new Widened()
  }

  /** The number of a value of a word, which gets one if it has none; -1 without room for it. */
  private enter(word: number, value: number): number {
    const dictionary = this.dictionaries[word]
    const code = dictionary.number(value)
    if (code >= dictionary.capacity) return -1
    const i = this.slots[word]
    if (i >= 0) this.codes[i] = dictionary.codes
    return code
  }

  /** Lays the changing words out, no word across two 32-bit units. */
  private arrange(): void {
    this.arrangements++
    const changing: number[] = []
    const constant: number[] = []
    this.dictionaries.forEach((dictionary, word) => {
      if (dictionary.values.length > dictionary.capacity)
        dictionary.capacity = 2 ** bitsFor(dictionary.values.length - 1)
      ;(dictionary.capacity > 1 ? changing : constant).push(word)
    })
    const width = (word: number): number => bitsFor(this.dictionaries[word].capacity - 1)
    changing.sort((a, b) => width(b) - width(a))
    const rooms: number[] = []
    const shifts: number[] = []
    const places: number[] = []
    this.bits = 0
    for (const word of changing) {
      const need = width(word)
      this.bits += need
      let place = rooms.findIndex((used) => used + need <= 32)
      if (place < 0) place = rooms.push(0) - 1
      places.push(place)
      shifts.push(rooms[place])
      rooms[place] += need
    }
    this.size = Math.max(1, rooms.length)
    this.bytes = Math.max(1, (this.size - 1) * 4 + Math.ceil((rooms.at(-1) ?? 0) / 8))
    this.words = Int32Array.from(changing)
    this.constants = Int32Array.from(constant)
    this.slots = new Int32Array(this.base.length).fill(-1)
    changing.forEach((word, i) => (this.slots[word] = i))
    this.shifts = Int32Array.from(shifts)
    this.places = Int32Array.from(places)
    this.capacities = Int32Array.from(changing, (word) => this.dictionaries[word].capacity)
    const changingOnes = changing.map((word) => this.dictionaries[word])
    this.codes = changingOnes.map(({ codes }) => codes)
    this.values = changingOnes.map(({ values }) => values)
  }
}
