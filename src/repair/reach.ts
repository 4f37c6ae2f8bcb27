/**
 * Where repairs cannot be put: code of the kernel that is no part of the policy. Of a race whose cure would have to be
 * there, no word of any vocabulary says one, and whoever reads that none was found has to know it. Steps of the hardware
 * and decisions of the host are no code, and are left out.
 */
import type { Row } from '../report/story.ts'
import { diagramRows } from '../report/race.ts'
import type { Race } from '../scenario/race.ts'

/** Steps that code of the kernel takes on one CPU. */
export interface OutOfReach {
  readonly cpu: number
  /** The operations of the kernel that this CPU does: `gup_fast(0)`. */
  readonly operations: readonly string[]
  /** Their numbers, as in the lane diagram: from 1. */
  readonly steps: readonly number[]
}

/** The steps of a race that are out of the reach of repairs, by CPU. */
export function outOfReachOf(race: Race): OutOfReach[] {
  const rows = diagramRows(race)
  return race.workload.flatMap((list, cpu) => {
    const steps = rows.flatMap((row, i) => (row.cpu === cpu && isOfKernel(row) ? [i + 1] : []))
    const own = race.policy.operations ?? {}
    const operations = list
      .filter(({ op }) => !Object.hasOwn(own, op))
      .map(({ op, page }) => (page === undefined ? op : `${op}(${page})`))
    return steps.length === 0 || operations.length === 0 ? [] : [{ cpu, operations, steps }]
  })
}

const isOfKernel = ({ main }: Row): boolean => main.role === 'operation' && !main.ofPolicy && !main.ofHardware
