/** Insertions: a word of the vocabulary at a place of a policy, and the policy that says them all. */
import { CHECKPOINT, isStep, type Code, type Op, type Step } from '../engine/step.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { aroundParts, hasRequest, type PartRun } from './parts.ts'
import { keyOf, tellPlace, tellStep, type Place, type Watched } from './places.ts'
import type { RepairWord, WordContext } from './vocabulary.ts'

export interface Insertion {
  readonly word: RepairWord
  readonly place: Place
}

/** Everything that the vocabulary can say of a policy in one word. */
export function insertionsFor(watched: Watched, vocabulary: readonly RepairWord[]): Insertion[] {
  return vocabulary.flatMap((word) => {
    const { replaces } = word
    const places =
      replaces === undefined ? watched.places() : watched.everyStep().filter(({ op }) => op === replaces)
    return places
      .filter(({ side }) => side === (word.side ?? 'guest'))
      .filter(({ part }) => word.needsRequest !== true || hasRequest(part))
      .map((place) => ({ word, place }))
  })
}

/** The policy with these insertions made. Several at one place are made in the order of the list. */
export function insert(policy: AnyPolicy, insertions: readonly Insertion[]): AnyPolicy {
  const byPart = Map.groupBy(insertions, ({ place }) => place.part)
  return aroundParts(policy, (run) => {
    const here = byPart.get(run.part)
    return here === undefined ? run.code : woven(run, here)
  })
}

/** Runs the code of a part, and at their places the words. */
function* woven<T>(run: PartRun<T>, insertions: readonly Insertion[]): Code<T> {
  const { code } = run
  const counts = new Counts(insertions)
  yield* say(run, insertions, ({ at }) => at === 'begin')
  let taken = code.next(0)
  while (taken.done !== true) {
    const step: Step = taken.value
    if (!isStep(step)) taken = code.next(yield step)
    else if (step.op === CHECKPOINT) taken = code.next(yield counts.mark(step))
    else {
      const key = counts.next(step.op)
      const isHere = ({ at, op, nth }: Place): boolean => at === 'step' && keyOf(op!, nth!) === key
      yield* say(run, insertions, isHere)
      const instead = insertions.find(({ word, place }) => word.replaces !== undefined && isHere(place))
      const result = instead === undefined ? yield step : ((yield* spoken(instead.word, run, step)) ?? 0)
      taken = code.next(result)
    }
  }
  yield* say(run, insertions, ({ at }) => at === 'end')
  return taken.value
}

/** Does what is inserted at a place. */
function* say(
  run: PartRun<unknown>,
  insertions: readonly Insertion[],
  isHere: (place: Place) => boolean,
): Code {
  for (const { word, place } of insertions)
    if (word.replaces === undefined && isHere(place)) yield* spoken(word, run)
}

/** The code of a word in a run of a part. */
function spoken({ code }: RepairWord, { by, request }: PartRun<unknown>, step?: Step): Code<number | void> {
  // That a word is only put where its handle fits has been seen to.
  return (code as (handle: typeof by, context: WordContext) => Code<number | void>)(by, { request, step })
}

/** How many steps of each operation that matters a part has done, as far as that matters. */
class Counts {
  private readonly most = new Map<Op, number>()
  private readonly done = new Map<Op, number>()

  constructor(insertions: readonly Insertion[]) {
    for (const { place } of insertions)
      if (place.op !== undefined) this.most.set(place.op, Math.max(this.most.get(place.op) ?? 0, place.nth!))
  }

  /** Counts a step; returns the key of its place. */
  next(op: Op): string {
    const most = this.most.get(op)
    if (most === undefined) return ''
    // Saturates, so that a loop comes back to equal counts.
    const nth = Math.min((this.done.get(op) ?? 0) + 1, most + 1)
    this.done.set(op, nth)
    return keyOf(op, nth)
  }

  /** A checkpoint declares all that the future depends on: now that is what was counted as well. */
  mark(step: Step): Step {
    return this.most.size === 0
      ? step
      : {
          ...step,
          key: `${step.key} after ${[...this.most.keys()].map((op) => this.done.get(op) ?? 0).join(',')}`,
        }
  }
}

/** An insertion as a sentence without its full stop. */
export function tellInsertion({ word, place }: Insertion): string {
  const where = word.replaces === undefined ? tellPlace(place) : `in place of ${tellStep(place)}`
  return `${word.sentence}, ${where}`
}
