/**
 * What a function of the variables reads and writes in one run: it is handed a stand-in for them that takes notes.
 * Whatever the stand-in has no notes for (a view on the same memory, a sort) counts as an access to all of them.
 */

/** Methods of arrays that do nothing but read and write elements one by one; here they do so under observation. */
const plain = new Set<PropertyKey>([
  ...[
    'at',
    'entries',
    'every',
    'fill',
    'find',
    'findIndex',
    'findLast',
    'findLastIndex',
    'forEach',
    'includes',
  ],
  ...['indexOf', 'join', 'keys', 'lastIndexOf', 'reduce', 'reduceRight', 'some', 'values', Symbol.iterator],
])

export interface Recording {
  /** Words whose value from before mattered, in the order in which they were first read, and those values. */
  readonly reads: readonly number[]
  readonly values: readonly number[]
  readonly writes: ReadonlySet<number>
  /** True if it may have touched anything. */
  readonly everything: boolean
}

/** Runs `run` on `variables`, which it may change, and notes what it touches. */
export function record(variables: Int32Array, run: (S: Int32Array) => void): Recording {
  const reads: number[] = []
  const values: number[] = []
  const writes = new Set<number>()
  const noted = new Set<number>()
  let everything = false
  const observed = new Proxy(variables, {
    get(target, key) {
      const word = wordOf(key)
      if (word >= 0) {
        if (word < target.length && !writes.has(word) && !noted.has(word)) {
          noted.add(word)
          reads.push(word)
          values.push(target[word])
        }
        return target[word]
      }
      if (key === 'length') return target.length
      if (plain.has(key)) return Reflect.get(Array.prototype, key) as unknown
      everything = true
      const value = Reflect.get(target, key, target) as unknown
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
    set(target, key, value) {
      const word = wordOf(key)
      if (word >= 0 && word < target.length) {
        target[word] = value as number
        writes.add(word)
      }
      return true
    },
  })
  run(observed)
  return { reads, values, writes, everything }
}

/** The index that a property key is, or -1. */
const wordOf = (key: PropertyKey): number => (typeof key === 'string' && /^\d+$/.test(key) ? Number(key) : -1)
