/** What threads say to each other. */
import type { UnitResult } from '../plan/plan.ts'
import type { Recipe } from './recipe.ts'

/** What a worker begins with. */
export interface Beginning {
  readonly recipe: Recipe
  /** Raised when nobody wants the units any more that are being done. */
  readonly flag: Int32Array
  /** A batch is ended after so many milliseconds, at the end of a unit. */
  readonly patience: number
}

/** Units to be done: those from `from` on that are below `to`. */
export interface Batch {
  readonly from: number
  readonly to: number
}

/** An error on its way to another thread: a class does not get there. */
export interface Thrown {
  readonly message: string
  /** That of a {@link ShootdownError}; undefined for any other, which may be due to the worker and not to the unit. */
  readonly code: string | undefined
}

/** What came of a batch: results from its first unit on, as far as the worker came; behind them what the next one threw. */
export interface Report {
  readonly results: readonly UnitResult[]
  readonly thrown: Thrown | undefined
  readonly milliseconds: number
}
