/**
 * What a kind of plain data is like: how it is drawn, which values are well-formed, what is smaller than a value, and
 * by which measure. Shapes are joined into larger ones (lists here, scenarios elsewhere). A shape remembers nothing
 * of how a value came about, so that a value from a file shrinks like one that was drawn.
 */
import type { Random } from 'fast-check'
import { z } from 'zod'

/** Numbers that are compared from the first on: the value whose measure comes first is the smaller one. */
export type Measure = readonly number[]

export interface Shape<T> {
  /** Draws a value, a simple one if `small`; `before` is the element that precedes it in a list. */
  draw(random: Random, small: boolean, before?: T): T
  /** Whether a value from anywhere is well-formed; it may be larger than any that is drawn. */
  accepts(value: unknown): boolean
  /** Values that are smaller than `value`, boldest first. */
  smaller(value: T): Iterable<T>
  /** How large a value is. */
  measure(value: T): Measure
}

/** Whether measure `a` comes before measure `b`. */
export function isSmaller(a: Measure, b: Measure): boolean {
  const at = a.findIndex((number, i) => number !== b[i])
  return at < 0 ? a.length < b.length : at < b.length && a[at] < b[at]
}

/** A gap that is gone through number by number. */
const SMALL_GAP = 16

/**
 * Numbers from `least` up to, not including, `value`: all of them where they are few, for whether a schedule violates
 * something is no monotone matter; otherwise in large strides at first, and at last the one before `value`.
 */
export function* towards(least: number, value: number): Generator<number> {
  if (value - least <= SMALL_GAP) for (let n = least; n < value; n++) yield n
  else for (let gap = value - least; gap >= 1; gap = Math.floor(gap / 2)) yield value - gap
}

/** Whole numbers, of vCPUs and pCPUs and of steps. */
export const natural = z.int().min(0)
export const naturalBelow = (limit: number): z.ZodInt => natural.max(limit - 1)

/** A record that is told by a few whole numbers; the order of the numbers is the order of their weight. */
export interface Fields<T> {
  readonly schema: z.ZodType
  /** The smallest that each number can be. */
  readonly least: readonly number[]
  encode(value: T): readonly number[]
  decode(numbers: readonly number[]): T
  draw(random: Random, small: boolean, before?: T): T
}

/** The shape of a record of whole numbers: smaller by one number at a time. */
export function recordShape<T>({ schema, least, encode, decode, draw }: Fields<T>): Shape<T> {
  return {
    draw,
    measure: encode,
    accepts: (value) => schema.safeParse(value).success,
    *smaller(value) {
      const numbers = encode(value)
      for (const [i, number] of numbers.entries()) {
        for (const lower of towards(least[i], number)) yield decode(numbers.with(i, lower))
      }
    },
  }
}

export interface ListOptions<T> {
  /** Elements of a drawn list, at most. */
  readonly count: number
  /** What the elements are in ascending order of, if they are. */
  readonly by?: (element: T) => number
}

/** Elements of a small list, at most. */
const SMALL_LIST = 2

/** The shape of a list: smaller by fewer elements, then by smaller ones. */
export function listShape<T>(element: Shape<T>, { count, by }: ListOptions<T>): Shape<readonly T[]> {
  const arrange = (list: T[]): T[] => (by === undefined ? list : list.toSorted((a, b) => by(a) - by(b)))
  const isArranged = (list: readonly T[]): boolean =>
    by === undefined || list.every((each, i) => i === 0 || by(list[i - 1]) <= by(each))
  return {
    draw(random, small) {
      const length = random.nextInt(0, small ? Math.min(count, SMALL_LIST) : count)
      const list: T[] = []
      while (list.length < length) list.push(element.draw(random, small, list.at(-1)))
      return arrange(list)
    },
    accepts: (value) =>
      Array.isArray(value) && value.every((each) => element.accepts(each)) && isArranged(value as T[]),
    *smaller(list) {
      for (let size = list.length; size >= 1; size = Math.floor(size / 2)) {
        for (let at = 0; at + size <= list.length; at += size) yield list.toSpliced(at, size)
      }
      for (const [i, each] of list.entries()) {
        for (const smaller of element.smaller(each)) yield arrange(list.with(i, smaller))
      }
    },
    measure: (list) => [list.length, ...list.flatMap((each) => element.measure(each))],
  }
}
