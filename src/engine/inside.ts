/**
 * A system that can be looked into. Its transitions come from several sources, each of which looks at a small part of the
 * state only; and whatever it does with the state it does through one array, for which another can stand in that takes
 * notes. So what a transition depends on can be learned while it happens (see `learned.ts`).
 */
import type { Experience } from './experience.ts'
import type { System } from './system.ts'

/** Adds transitions that are enabled to `out`, from place `n` on; results in the place behind them. */
export type Source = (out: Int32Array, n: number) => number

/** Does again what a transition does outside the state: it tells somebody of something that was reached. */
export type Note = () => void

export type Methods = Pick<System, 'enabled' | 'apply'>

export interface Inside {
  /**
   * The state, and behind it what is given: words that hold the same from the beginning of a run to its end, and that
   * transitions look at.
   */
  readonly words: Int32Array
  /** Words of the state. */
  readonly size: number
  /** What is enabled is what these add, in this order; the first `progressing` of them add what is progress of somebody. */
  readonly sources: readonly Source[]
  readonly progressing: number
  /** True if nothing happens any more once all threads have ended and nobody makes progress. */
  readonly rests: boolean
  /** What `enabled` and `apply` of the system are, as long as it is what can be seen from inside. */
  readonly methods: Methods
  /** Takes an enabled transition. */
  take(transition: number): void
  /** Does `run` while all that looks at the words, or changes them, does so through `seen`; `note` hears of what else it does. */
  through(seen: Int32Array, note: (note: Note) => void, run: () => void): void
  /** What was learned of the system, for whoever goes through its states. */
  readonly experience: Experience
}

/** How to look into a system, if that is possible. One of which somebody has replaced a method is no longer what is inside. */
export function insideOf(system: System): Inside | undefined {
  const { inside } = system
  if (inside === undefined || inside.experience.opaque) return undefined
  const { enabled, apply } = inside.methods
  return system.enabled === enabled && system.apply === apply ? inside : undefined
}
