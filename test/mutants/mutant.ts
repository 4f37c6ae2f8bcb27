/** The shape of a mutant that a policy tells, and what the catalogues of them share. */
import type { AnyPolicy } from '../../src/guest/policy.ts'
import type { Bounds } from '../../src/scenario/bounds.ts'
import { quiet } from '../explore/quiet.ts'
import type { Search } from './broken-world.ts'
import type { Operation, Workload } from '../../src/scenario/workload.ts'
import type { Breakage } from './breaking.ts'

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

/** The search that tells a mutant: exhaustive, without the host's and the environment's doings that it does not ask for. */
export const searchOf = ({ by, bounds, workloads }: Pick<Mutant, 'by' | 'bounds' | 'workloads'>): Search => ({
  policy: by,
  bounds: quiet({ groups: [[0]], preemptions: 0, ...bounds }),
  workloads,
})
