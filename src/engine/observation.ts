/**
 * What a function of some words reads and writes in one run: it is handed a stand-in for them that takes notes. The words
 * themselves stay as they are. Whatever the stand-in has no notes for (a view on the same memory, a sort) counts as an
 * access to all of them.
 */

/** Methods of arrays that do nothing but read and write elements one by one; here they do so under observation. */
const plain = new Set<PropertyKey>([
  Symbol.iterator,
  ...'at copyWithin entries every fill find findIndex findLast findLastIndex forEach includes'.split(' '),
  ...'indexOf join keys lastIndexOf reduce reduceRight some values'.split(' '),
])

export interface Observation {
  /** Words whose value from before mattered, in the order in which they were first read, and those values. */
  readonly reads: readonly number[]
  readonly values: readonly number[]
  /** What was written last to each word that was written. */
  readonly writes: ReadonlyMap<number, number>
  /** True if it may have touched anything. */
  readonly everything: boolean
}

/** A stand-in for words: told of what is read and written by index, and of what is asked for in any other way. */
export function standIn(
  length: number,
  read: (word: number) => number,
  write: (word: number, value: number) => void,
  other: (key: PropertyKey) => unknown,
): Int32Array {
  return new Proxy(new Int32Array(0), {
    get(_, key) {
      const word = wordOf(key)
      if (word >= 0) return word < length ? read(word) : undefined
      if (key === 'length') return length
      return plain.has(key) ? (Reflect.get(Array.prototype, key) as unknown) : other(key)
    },
    has: (_, key) => key in Array.prototype || (wordOf(key) >= 0 && wordOf(key) < length),
    set(_, key, value) {
      const word = wordOf(key)
      if (word >= 0 && word < length) write(word, (value as number) | 0)
      return true
    },
  })
}

/** Does `run` with a stand-in for the words, and notes what it touches. */
export function observe(words: Int32Array, run: (S: Int32Array) => void): Observation {
  const reads: number[] = []
  const values: number[] = []
  const noted = new Set<number>()
  const writes = new Map<number, number>()
  let everything = false
  const seen = standIn(
    words.length,
    (word) => {
      const written = writes.get(word)
      if (written !== undefined) return written
      const value = words[word]
      if (!noted.has(word)) {
        noted.add(word)
        reads.push(word)
        values.push(value)
      }
      return value
    },
    (word, value) => void writes.set(word, value),
    (key) => {
      everything = true
      const copy = Int32Array.from({ length: words.length }, (_, word) => writes.get(word) ?? words[word])
      const value = Reflect.get(copy, key, copy) as unknown
      return typeof value === 'function' ? (value.bind(copy) as unknown) : value
    },
  )
  run(seen)
  return { reads, values, writes, everything }
}

/** The index that a property key is, or -1. */
function wordOf(key: PropertyKey): number {
  if (typeof key !== 'string') return -1
  const first = key.charCodeAt(0)
  return first >= 48 && first <= 57 ? Number(key) : -1
}
