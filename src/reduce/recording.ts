/**
 * What a function of the variables reads and writes in one run: it is handed a stand-in for them that takes notes.
 * Whatever the stand-in has no notes for (a view on the same memory, a sort) counts as an access to all of them.
 */

/** Methods of arrays that do nothing but read and write elements one by one; here they do so under observation. */
const plain = new Set<PropertyKey>([
  Symbol.iterator,
  ...'at entries every fill find findIndex findLast findLastIndex forEach includes'.split(' '),
  ...'indexOf join keys lastIndexOf reduce reduceRight some values'.split(' '),
])

export interface Recording {
  /** Words whose value from before mattered, in the order in which they were first read, and those values. */
  readonly reads: readonly number[]
  readonly values: readonly number[]
  readonly writes: ReadonlySet<number>
  /** True if it may have touched anything. */
  readonly everything: boolean
}

/** A stand-in for variables: told of what is read and written by index, and of what is asked for in any other way. */
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

/** Runs `run` on `variables`, which it may change, and notes what it touches. */
export function record(variables: Int32Array, run: (S: Int32Array) => unknown): Recording {
  const reads: number[] = []
  const values: number[] = []
  const writes = new Set<number>()
  const noted = new Set<number>()
  let everything = false
  const observed = standIn(
    variables.length,
    (word) => {
      if (!writes.has(word) && !noted.has(word)) {
        noted.add(word)
        reads.push(word)
        values.push(variables[word])
      }
      return variables[word]
    },
    (word, value) => {
      variables[word] = value
      writes.add(word)
    },
    (key) => {
      everything = true
      const value = Reflect.get(variables, key, variables) as unknown
      return typeof value === 'function' ? (value.bind(variables) as unknown) : value
    },
  )
  run(observed)
  return { reads, values, writes, everything }
}

/** The index that a property key is, or -1. */
const wordOf = (key: PropertyKey): number => (typeof key === 'string' && /^\d+$/.test(key) ? Number(key) : -1)
