/**
 * A system as it was learned: decision trees say which transitions are enabled in a state and what each of them does to
 * it, in an array that may be packed. A transition of a large machine reads a handful of words and writes a handful; so a
 * few hundred paths stand for millions of transitions, and taking one costs as many look-ups as it reads words. Model
 * checkers know this as transition caching (Blom, van de Pol, Weber, "LTSmin: distributed and symbolic reachability",
 * CAV 2010); there, what a transition depends on is declared beforehand, here it is observed, path by path.
 *
 * It holds as long as a transition depends on nothing but the words. What it does outside the state (a witness, a
 * violation) was noted and is done again.
 */
import { Decisions, UNKNOWN } from './decisions.ts'
import { Effects } from './effects.ts'
import type { Lesson } from './experience.ts'
import type { Inside } from './inside.ts'
import { Offers } from './offers.ts'
import type { Placing } from './placing.ts'
import { Restart } from './restart.ts'
import type { System } from './system.ts'

export class Learned {
  readonly offers: Offers
  readonly effects: Effects
  /** After {@link enabled}: how many of the transitions are progress of somebody. */
  progress = 0
  readonly inside: Inside
  private readonly system: System
  private readonly placing: Placing
  private readonly recall: (S: Int32Array) => void
  private readonly decisions: Decisions
  /** The lessons that there are, and how many of them were taken notice of. */
  private readonly lessons: readonly Lesson[]
  private known = 0
  private arrangement = -1

  /** `recall` puts the system into the state that an array holds; `placing` says how it does. */
  constructor(system: System, inside: Inside, placing: Placing, recall: (S: Int32Array) => void) {
    this.system = system
    this.inside = inside
    this.placing = placing
    this.recall = recall
    this.decisions = new Decisions(placing)
    this.offers = new Offers(inside.sources.length, this.decisions, placing, (S, source) =>
      this.learnSource(S, source),
    )
    this.effects = new Effects(this.decisions, placing)
    this.lessons = inside.experience.lessons
    this.begin()
  }

  /** True if it is about lessons that were forgotten. */
  get isOver(): boolean {
    return this.lessons !== this.inside.experience.lessons
  }

  /** To be called before states are gone through: words may have been laid out anew, and others may be given. */
  begin(): void {
    const { placing, offers } = this
    offers.forget()
    if (this.arrangement === placing.arrangements) return
    this.arrangement = placing.arrangements
    this.decisions.arrange()
    offers.arrange()
    this.effects.arrange()
  }

  /** Finds out what is enabled in a state, which is with {@link offers} then; results in how many transitions that are. */
  enabled(S: Int32Array): number {
    const { inside, offers } = this
    const { progressing, sources } = inside
    inside.experience.states++
    offers.moveTo(S)
    const n = offers.ask(S, 0, progressing, 0)
    this.progress = n
    if (n === 0 && inside.rests) {
      this.recall(S)
      if (this.system.final()) {
        offers.forget(progressing)
        return 0
      }
    }
    return offers.ask(S, progressing, sources.length, n)
  }

  /** What the transition of a number does in a state, as a number itself. */
  effect(S: Int32Array, number: number): number {
    const found = this.effects.find(number, S)
    return found === UNKNOWN ? this.learnTransition(S, number) : found
  }

  private learnSource(S: Int32Array, source: number): number {
    const { inside, offers } = this
    this.catchUp()
    const known = offers.find(source, S)
    return known === UNKNOWN ? this.learn(S, () => inside.experience.ofSource(inside, source)) : known
  }

  private learnTransition(S: Int32Array, number: number): number {
    const { system, inside, effects } = this
    this.catchUp()
    const known = effects.find(number, S)
    if (known !== UNKNOWN) return known
    return this.learn(S, () => inside.experience.ofTransition(system, inside, effects.transitions[number]))
  }

  /** Lets a source or a transition do what nobody has seen it do; results in the outcome. */
  private learn(S: Int32Array, lessonOf: () => Lesson): number {
    this.recall(S)
    const lesson = lessonOf()
    this.known++
    if (this.inside.experience.opaque) throw new Restart()
    const outcome = this.take(lesson)
    // A value that nobody has met before may have taken more room than there was.
    if (this.placing.arrangements !== this.arrangement) throw new Restart()
    return outcome
  }

  /** Takes notice of lessons that others have learned, as far as they are about states that this one can meet. */
  private catchUp(): void {
    const { lessons, placing } = this
    const has = (word: number, value: number): boolean => placing.find(word, value) !== -1
    for (; this.known < lessons.length; this.known++) {
      const { reads, values, writes } = lessons[this.known]
      if (!reads.every((word, i) => has(word, values[i]))) continue
      if ([...writes].every(([word, value]) => has(word, value))) this.take(lessons[this.known])
    }
  }

  /** Adds a lesson to the tree that it is about; results in the outcome. */
  private take(lesson: Lesson): number {
    const { offers, effects, placing, system } = this
    const codes = lesson.values.map((value, i) => placing.number(lesson.reads[i], value))
    return lesson.source < 0
      ? effects.take(lesson, codes, system.name(lesson.transition))
      : offers.take(
          lesson,
          codes,
          lesson.offered.map((transition) => effects.number(transition)),
        )
  }
}
