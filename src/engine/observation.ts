/**
 * What a function of some words reads and writes in one run: it is handed a stand-in for them that takes notes. The words
 * themselves stay as they are. Whatever the stand-in has no notes for (a view on the same memory, a sort) counts as an
 * access to all of them.
 */

export interface Observation {
  /** Words whose value from before mattered, in the order in which they were first read, and those values. */
  readonly reads: readonly number[]
  readonly values: readonly number[]
  /** What was written last to each word that was written. */
  readonly writes: ReadonlyMap<number, number>
  /** True if it may have touched anything. */
  readonly everything: boolean
}

/** Who is told of what a stand-in is used for: by index, and in any other way. */
export interface Observer {
  read(word: number): number
  write(word: number, value: number): void
  other(key: PropertyKey): unknown
}

/** Methods of arrays that do nothing but read and write elements one by one; here they do so under observation. */
const plain: readonly (string | symbol)[] = [
  Symbol.iterator,
  ...'at copyWithin entries every fill find findIndex findLast findLastIndex forEach includes'.split(' '),
  ...'indexOf join keys lastIndexOf reduce reduceRight some values'.split(' '),
]

/** Everything else that an Int32Array can do. */
const others = [Int32Array.prototype, Object.getPrototypeOf(Int32Array.prototype) as object]
  .flatMap((prototype) => Reflect.ownKeys(prototype))
  .filter((key) => !plain.includes(key) && key !== 'length' && key !== 'constructor')

/** A stand-in for `length` words, for what is handed an Int32Array. */
export function standIn(length: number, observer: Observer): Int32Array {
  const properties: Record<PropertyKey, PropertyDescriptor> = { length: { value: length } }
  for (const key of plain) properties[key] = { value: Reflect.get(Array.prototype, key) as unknown }
  for (const key of others) properties[key] = { get: () => observer.other(key) }
  for (let word = 0; word < length; word++)
    properties[word] = {
      get: () => observer.read(word),
      set: (value: number) => observer.write(word, value | 0),
    }
  return Object.create(null, properties) as Int32Array
}

/** Watches runs of functions of some words, one after the other. */
export class Watch {
  private readonly seen: Int32Array
  private words: Int32Array = new Int32Array(0)
  private reads: number[] = []
  private values: number[] = []
  private writes = new Map<number, number>()
  private everything = false
  private readonly noted: Uint8Array

  /** Of so many words. */
  constructor(length: number) {
    this.noted = new Uint8Array(length)
    this.seen = standIn(length, {
      read: (word) => this.read(word),
      write: (word, value) => void this.writes.set(word, value),
      other: (key) => this.other(key),
    })
  }

  /** Does `run` with a stand-in for the words, and notes what it touches. */
  observe(words: Int32Array, run: (seen: Int32Array) => void): Observation {
    this.words = words
    this.reads = []
    this.values = []
    this.writes = new Map()
    this.everything = false
    try {
      run(this.seen)
    } finally {
      for (const word of this.reads) this.noted[word] = 0
    }
    const { reads, values, writes, everything } = this
    return { reads, values, writes, everything }
  }

  private read(word: number): number {
    const written = this.writes.size > 0 ? this.writes.get(word) : undefined
    if (written !== undefined) return written
    const value = this.words[word]
    if (this.noted[word] === 0) {
      this.noted[word] = 1
      this.reads.push(word)
      this.values.push(value)
    }
    return value
  }

  private other(key: PropertyKey): unknown {
    this.everything = true
    const { words, writes } = this
    const copy = Int32Array.from({ length: words.length }, (_, word) => writes.get(word) ?? words[word])
    const value = Reflect.get(copy, key, copy) as unknown
    return typeof value === 'function' ? (value.bind(copy) as unknown) : value
  }
}
