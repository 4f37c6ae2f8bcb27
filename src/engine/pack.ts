/**
 * Stored states, packed to the bits they need. What a word needs is learned rather than declared: each word has a
 * dictionary of the values it was seen to hold, and its width is what the number of those takes. A word that never
 * changes takes no bits, so a feature that nobody uses takes no room. When a word holds more values than its width
 * allows, the packer says so, and the search begins again with a wider one.
 */
import { bitsFor } from './layout.ts'
import { Restart } from './restart.ts'

/** The packer met more values than a word's width has room for; it has been widened, and the search must restart. */
export class Widened extends Restart {}

export class Packer {
  /** Packed size in 32-bit words, and in bytes: the last word may be used in part. */
  size = 0
  bytes = 0
  /** Packed size in bits. */
  bits = 0
  private words: Int32Array = new Int32Array(0)
  private shifts: Int32Array = new Int32Array(0)
  private places: Int32Array = new Int32Array(0)
  private capacities: Int32Array = new Int32Array(0)
  private constants: Int32Array = new Int32Array(0)
  /** By word: its place among the changing ones, or -1. */
  private slots: Int32Array = new Int32Array(0)
  private maps: Dictionary[] = []
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
    for (let word = 0; word < initial.length; word++) {
      if (initial[word] !== this.base[word]) this.dictionaries[word].number(initial[word])
    }
    if (this.dictionaries.some(({ values, capacity }) => values.length > capacity)) this.arrange()
  }

  /** Writes the packed form of `state` to `out`. */
  pack(state: Int32Array, out: Uint32Array): void {
    const { words, shifts, places, maps, capacities, constants, size, base } = this
    for (let i = 0; i < size; i++) out[i] = 0
    for (let i = 0; i < words.length; i++) {
      const value = state[words[i]]
      const { codes } = maps[i]
      // Read as unsigned, a negative value is a large one.
      let code = value >>> 0 < codes.length ? codes[value] : maps[i].find(value)
      if (code < 0 || code >= capacities[i]) code = this.learn(words[i], value)
      out[places[i]] |= code << shifts[i]
    }
    let changed = 0
    for (let i = 0; i < constants.length; i++) changed |= state[constants[i]] ^ base[constants[i]]
    if (changed !== 0) this.learnConstants(state)
  }

  /** Like {@link pack}, where `packed` is known to be the packed form of `near`, a state that differs in few words. */
  repack(state: Int32Array, near: Int32Array, packed: Uint32Array, out: Uint32Array): void {
    const { slots, shifts, places, maps, capacities, size } = this
    for (let i = 0; i < size; i++) out[i] = packed[i]
    for (let word = 0; word < state.length; word++) {
      const value = state[word]
      if (value === near[word]) continue
      const i = slots[word]
      let code = i < 0 ? -1 : maps[i].find(value)
      if (code < 0 || code >= capacities[i]) code = this.learn(word, value)
      const shift = shifts[i]
      out[places[i]] = (out[places[i]] & ~((capacities[i] - 1) << shift)) | (code << shift)
    }
  }

  /** A word that never changed has changed. */
  private learnConstants(state: Int32Array): void {
    for (const word of this.constants) if (state[word] !== this.base[word]) this.learn(word, state[word])
  }

  /** Puts a packed state back. */
  unpack(packed: Uint32Array, state: Int32Array): void {
    const { words, shifts, places, maps, capacities } = this
    state.set(this.base)
    for (let i = 0; i < words.length; i++) {
      state[words[i]] = maps[i].values[(packed[places[i]] >>> shifts[i]) & (capacities[i] - 1)]
    }
  }

  /** The number of a value that was not met before; throws Widened if the word has no room for it. */
  private learn(word: number, value: number): number {
    const dictionary = this.dictionaries[word]
    const code = dictionary.number(value)
    if (code < dictionary.capacity) return code
    this.arrange()
    throw new Widened()
  }

  /** Lays the changing words out, no word across two 32-bit units. */
  private arrange(): void {
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
    this.maps = changing.map((word) => this.dictionaries[word])
    this.capacities = Int32Array.from(this.maps, (dictionary) => dictionary.capacity)
  }
}

const isSmall = (value: number): boolean => value >= 0 && value < 1 << 16

/** The values of a word, numbered as they come. */
class Dictionary {
  readonly values: number[] = []
  capacity = 1
  /** Numbers of small values, by value; -1 where there is none yet. */
  codes = new Int32Array(16).fill(-1)
  /** Numbers of the others, which are large or negative. */
  private readonly others = new Map<number, number>()

  constructor(first: number) {
    this.number(first)
  }

  /** The number of a value, or -1. */
  find(value: number): number {
    if (isSmall(value)) return value < this.codes.length ? this.codes[value] : -1
    return this.others.get(value) ?? -1
  }

  /** The number of a value, which gets one if it has none. */
  number(value: number): number {
    const known = this.find(value)
    if (known >= 0) return known
    const code = this.values.push(value) - 1
    if (!isSmall(value)) this.others.set(value, code)
    else {
      if (value >= this.codes.length) {
        const grown = new Int32Array(2 ** bitsFor(value)).fill(-1)
        grown.set(this.codes)
        this.codes = grown
      }
      this.codes[value] = code
    }
    return code
  }
}
