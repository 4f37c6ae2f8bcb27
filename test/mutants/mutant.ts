/** The shape of a mutant, and what the catalogues of them share. */
import type { AnyPolicy } from '../../src/guest/policy.ts'
import type { Bounds } from '../../src/scenario/bounds.ts'
import type { Operation, Workload } from '../../src/scenario/workload.ts'
import { instead, keeping, wordsOf, type Breakage } from './broken-world.ts'

export interface Mutant {
  readonly name: string
  /** The policy that is sound on a machine that is whole. */
  readonly by: AnyPolicy
  readonly breakage: Breakage
  /** What is violated first. */
  readonly breaks: string
  readonly bounds?: Partial<Bounds>
  /** Searched instead of all workloads of two operations, where it takes more. */
  readonly workloads?: readonly Workload[]
}

export const on = (op: string, page = 0): Operation => ({ op, page })
/** Workloads about a page with a table of its own, and about a table with two pages. */
export const FULL: Partial<Bounds> = { groups: [[0], [2, 3]] }
export const SPECULATING: Partial<Bounds> = { speculation: 1 }

/** The operation is done, but these words stay what they were. */
export const sparing = (name: string, ...fields: readonly string[]): Breakage =>
  instead(name, (before, m) => {
    const words = fields.flatMap((field) => wordsOf(m, field))
    return (...args) => keeping(m, words, () => before(...args))
  })
