/** The shape of an invariant: what must never happen, one sentence and one predicate. */
import type { FactKind } from '../machine/facts.ts'

export interface Invariant {
  /** Kebab-case name; corpus cases carry it. */
  readonly name: string
  /** What must always hold, in one sentence. */
  readonly sentence: string
  /** The kind of fact that it judges. */
  readonly judges: FactKind
  /** True if a fact with this ghost breaks it. */
  violated(ghost: number): boolean
  /** What happened, after "CPU1: ". `frame` is the name of the frame. */
  explain(ghost: number, frame: string): string
}
