/** The reductions, each of which can be had alone. */

export interface Reductions {
  /** The host's taking away of CPUs that nobody can notice is left out. */
  readonly schedules: boolean
  /** Of steps that do not disturb each other one order is tried. */
  readonly order: boolean
}
