/** Tells when a strategy that learns from run to run has to begin anew: the system is another, or begins otherwise. */
import type { System } from '../engine/system.ts'

export class Beginning {
  private system: System | undefined
  private beginnings = -1

  /** True at the first run from a beginning. A memory of a system is that system. */
  isNew(system: System): boolean {
    const original = system.original ?? system
    if (original === this.system && original.beginnings === this.beginnings) return false
    this.system = original
    this.beginnings = original.beginnings
    return true
  }
}
