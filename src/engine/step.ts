/**
 * A step is one atomic thing that can be interleaved with everything else. Here are its shape and the table of
 * step kinds (operations); what an operation does is installed by the machine that executes it.
 */

/** What a coroutine yields: an operation and up to three small integers. */
export interface Step {
  readonly op: Op
  readonly a: number
  readonly b: number
  readonly c: number
  /** Number of possible results, 0 .. results-1; 0 where it is not known beforehand. */
  readonly results: number
  /** True for a step of the policy, false for one of the guest or host code around it. */
  readonly ofPolicy?: boolean
  /** The name of a checkpoint with the locals it declares; only for `CHECKPOINT`. */
  readonly key?: string
}

/** Code under test: yields steps, receives the integer that each step results in. */
export type Code<T = void> = Generator<Step, T, number>

/** How an operation is grouped with its neighbours in one transition (Lipton 1975, "Reduction"). */
export type Mover =
  /** An ordinary step. */
  | 'none'
  /** Commutes to the right (a lock is acquired, a locked field is read): done together with the step behind it. */
  | 'right'
  /** Commutes to the left (a lock is released), or is mere bookkeeping: done together with the step before it. */
  | 'left'

/** What names a step can be told with: pages, frames, words and vectors of the scenario at hand. */
export interface Names {
  page(page: number): string
  frame(frame: number): string
  pages(mask: number): string
  cpus(mask: number): string
  word(word: number): string
  vector(vector: number): string
  hypercall(number: number): string
  entry(level: number, page: number): string
  /** A word of memory, or an entry of a table, with a value. */
  store(word: number, value: number): string
}

/** Says what a step does; `result` is given once it is known. */
export type Telling = (a: number, b: number, c: number, names: Names, result?: number) => string

export interface Op {
  readonly code: number
  readonly name: string
  /** Number of possible results 0 .. n-1 where that is known beforehand, so that futures can be compared; 0 = not known. */
  readonly results: number
  readonly mover: Mover
  readonly tell: Telling
}

const table: Op[] = []

/** Adds an operation to the table. Codes are dense and never leave the process; names and tellings do. */
export function defineOp(
  name: string,
  results: number,
  tell: Telling = () => name,
  mover: Mover = 'none',
): Op {
  const op: Op = { code: table.length, name, results, mover, tell }
  table.push(op)
  return op
}

/** All operations defined so far, by code. */
export const opTable = (): readonly Op[] => table

/** The coroutine has ended; `a` is the value that it returned. */
export const RETURN: Op = defineOp('return', 1)
/** Declares all that the future depends on; takes no time. */
export const CHECKPOINT: Op = defineOp('checkpoint', 1)

/** Performs one step and hands back its result; `results` narrows the number of possible results where it is known. */
export function* perform(op: Op, a = 0, b = 0, c = 0, results = op.results): Code<number> {
  return yield { op, a, b, c, results }
}

/** Declares that the rest of the coroutine depends on nothing but `name` and `locals`. */
export function* checkpoint(name: string, ...locals: number[]): Code {
  yield { op: CHECKPOINT, a: 0, b: 0, c: 0, results: 1, key: `${name}(${locals.join(',')})` }
}

export function isStep(value: unknown): value is Step {
  return typeof value === 'object' && value !== null && 'op' in value && 'a' in value && 'c' in value
}

export const sameStep = (x: Step, y: Step): boolean =>
  x.op === y.op && x.a === y.a && x.b === y.b && x.c === y.c && x.key === y.key

export const describeStep = (s: Step): string =>
  s.key === undefined ? `${s.op.name}(${s.a}, ${s.b}, ${s.c})` : `${s.op.name} ${s.key}`
