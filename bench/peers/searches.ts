/**
 * The ways in which this package can search a space exhaustively, by name: what `ours.ts` runs and the rows compare. A row
 * whose way is not here says that it was not measured. A way is one function from a system to its exploration, so that
 * a new one is one line.
 */
import { explore, type ExhaustiveOptions, type Exploration } from '../../src/explore/exhaustive.ts'
import type { System } from '../../src/engine/system.ts'
import { reduced, type Reductions } from '../../src/reduce/index.ts'

export type Search = (system: System, limits: Pick<ExhaustiveOptions, 'stop' | 'maxStates'>) => Exploration

/** The name of the way that rows ask for beside the whole search; every way has a line in the growth. */
export const REDUCED = 'reduced'

const leavingOut =
  (reductions: Reductions): Search =>
  (system, limits) =>
    explore(reduced(system, reductions), { ...limits, fitted: true })

export const searches: Readonly<Record<string, Search>> = {
  /** All states, behind violations too; one thread, nothing left out. */
  full: (system, limits) => explore(system, { ...limits, countOnly: true, fitted: true }),
  [REDUCED]: leavingOut({ schedules: true, order: true, cpus: true }),
  'CPU symmetry': leavingOut({ schedules: false, order: false, cpus: true }),
}
