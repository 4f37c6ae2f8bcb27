/**
 * Places of a policy's code that something can be inserted at: the beginning and the end of a part, and each of its own
 * steps. A step is named by its operation and by how many of that operation came before it in the same run, which says
 * the same place whatever branch the code has taken. Which steps there are is learned by watching the policy run.
 */
import type { Code, Op, Step } from '../engine/step.ts'
import { CHECKPOINT, isStep } from '../engine/step.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { aroundParts, type PartRun, type Side } from './parts.ts'

export interface Place {
  readonly part: string
  readonly side: Side
  readonly at: 'begin' | 'end' | 'step'
  /** For a step: its operation, and which step of that operation it is in a run of the part, from 1. */
  readonly op?: Op
  readonly nth?: number
}

/** What is known of a part: whose it is, and its steps by their keys. */
interface Anatomy {
  readonly side: Side
  readonly steps: Map<string, { readonly op: Op; readonly nth: number; isAlwaysFirst: boolean }>
}

/** Watches a policy that does nothing else than it did. */
export class Watched {
  readonly policy: AnyPolicy
  private readonly parts = new Map<string, Anatomy>()

  constructor(policy: AnyPolicy) {
    this.policy = aroundParts(policy, (run) => this.watch(run))
  }

  /** Places to insert something before or behind; one that is the same as another is left out. */
  places(): Place[] {
    return [...this.parts].flatMap(([part, { side, steps }]): Place[] => [
      { part, side, at: 'begin' },
      ...this.steps(part).filter(({ op, nth }) => !steps.get(keyOf(op!, nth!))!.isAlwaysFirst),
      ...(steps.size > 0 ? [{ part, side, at: 'end' } as const] : []),
    ])
  }

  /** Every step of every part: what something can be done in place of. */
  everyStep(): Place[] {
    return [...this.parts.keys()].flatMap((part) => this.steps(part))
  }

  private steps(part: string): Place[] {
    const { side, steps } = this.parts.get(part)!
    return [...steps.values()].map(({ op, nth }) => ({ part, side, at: 'step', op, nth }))
  }

  private *watch<T>({ part, side, code }: PartRun<T>): Code<T> {
    const anatomy: Anatomy = this.parts.get(part) ?? { side, steps: new Map() }
    this.parts.set(part, anatomy)
    const { steps } = anatomy
    const counts = new Map<Op, number>()
    let taken = code.next(0)
    while (taken.done !== true) {
      const step: Step = taken.value
      if (isStep(step) && step.op !== CHECKPOINT) {
        const { op } = step
        const nth = (counts.get(op) ?? 0) + 1
        const isFirst = counts.size === 0
        counts.set(op, nth)
        const key = keyOf(op, nth)
        const known = steps.get(key)
        if (known === undefined) steps.set(key, { op, nth, isAlwaysFirst: isFirst })
        else known.isAlwaysFirst &&= isFirst
      }
      taken = code.next(yield step)
    }
    return taken.value
  }
}

export const keyOf = (op: Op, nth: number): string => `${op.code} ${nth}`

const ORDINALS = ['', '', '2nd ', '3rd ']
const ordinal = (nth: number): string => ORDINALS[nth] ?? `${nth}th `

/** A step in words: `the 2nd "store" of turn_key`. */
export const tellStep = ({ part, op, nth }: Place): string => `the ${ordinal(nth!)}"${op!.name}" of ${part}`

/** Where something is inserted, in words. */
export function tellPlace(place: Place): string {
  if (place.at === 'begin') return `at the beginning of ${place.part}`
  return place.at === 'end' ? `at the end of ${place.part}` : `before ${tellStep(place)}`
}
