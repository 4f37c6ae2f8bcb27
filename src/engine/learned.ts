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
import { Decisions, EMPTY, UNKNOWN } from './decisions.ts'
import { enlarged } from './enlarged.ts'
import type { Lesson } from './experience.ts'
import type { Inside, Note } from './inside.ts'
import type { Placing } from './placing.ts'
import { Restart } from './restart.ts'
import { Rows } from './rows.ts'
import { MAX_ENABLED, type System, type Violation } from './system.ts'

/** What a path does outside the state. */
export interface Outside {
  readonly notes: readonly Note[]
  readonly violation: Violation | undefined
}

export class Learned {
  /** After {@link enabled}: the transitions, and the tree of each, which says what it does. */
  readonly transitions = new Int32Array(MAX_ENABLED)
  readonly trees = new Int32Array(MAX_ENABLED)
  /** After {@link enabled}: how many of them are progress of somebody. */
  progress = 0
  private readonly system: System
  readonly inside: Inside
  private readonly placing: Placing
  private readonly recall: (S: Int32Array) => void
  private readonly decisions: Decisions
  /** By source: its tree, whose outcomes are rows of offers: a transition and its number, and so on. */
  private readonly sources: Int32Array
  private readonly offers = new Rows()
  /** By source: the words that it is known to look at. */
  private readonly seen: readonly Set<number>[]
  private readonly atOffer: (Outside | undefined)[] = []
  /**
   * A source adds what it added last as long as nothing has changed that it is known to look at: by source, what that is of
   * each element of a state; what it added last; and the state of then.
   */
  private looks = new Int32Array(0)
  private readonly offered: Int32Array
  private last = new Int32Array(0)
  private difference = new Int32Array(0)
  /** By number of a transition: its tree, whose outcomes are rows of writes: a word and what stands for its value. */
  private effects = new Int32Array(256)
  private readonly writes = new Rows()
  private readonly atWrite: (Outside | undefined)[] = []
  /** By effect, and an element for each end: what it does to the elements of a state as they are laid out now. */
  private changes = new Rows()
  private readonly numbers = new Map<number, number>()
  private readonly named: number[] = []
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
    this.sources = new Int32Array(inside.sources.length)
    this.offered = new Int32Array(inside.sources.length).fill(UNKNOWN)
    this.seen = inside.sources.map(() => new Set())
    this.lessons = inside.experience.lessons
    this.begin()
  }

  /** True if it is about lessons that were forgotten. */
  get isOver(): boolean {
    return this.lessons !== this.inside.experience.lessons
  }

  /** To be called before states are gone through: words may have been laid out anew, and others may be given. */
  begin(): void {
    const { placing, writes } = this
    this.offered.fill(UNKNOWN)
    if (this.arrangement === placing.arrangements) return
    this.arrangement = placing.arrangements
    this.decisions.arrange()
    this.changes = new Rows()
    for (let effect = 0; effect < writes.count; effect++) this.changes.add(this.changesOf(effect))
    this.last = new Int32Array(placing.size)
    this.difference = new Int32Array(placing.size)
    this.looks = new Int32Array(this.sources.length * placing.size)
    this.seen.forEach((words, source) => words.forEach((word) => this.look(source, word)))
  }

  /** Finds out what is enabled in a state; results in how many transitions that are. */
  enabled(S: Int32Array): number {
    const { inside, offered } = this
    inside.experience.states++
    this.compare(S)
    const n = this.ask(S, 0, inside.progressing, 0)
    this.progress = n
    if (n === 0 && inside.rests) {
      this.recall(S)
      if (this.system.final()) {
        offered.fill(UNKNOWN, inside.progressing)
        return 0
      }
    }
    return this.ask(S, inside.progressing, offered.length, n)
  }

  /** What a transition does in a state, as a number. */
  effect(S: Int32Array, tree: number): number {
    const found = this.decisions.find(this.effects[tree], S)
    return found === UNKNOWN ? this.learn(S, -1, tree) : found
  }

  /** Does to the state at `S[at ..]` what an effect does to it. */
  change(effect: number, S: Int32Array, at: number): void {
    const { data, first } = this.changes
    const end = first[effect + 1]
    for (let i = first[effect]; i < end; i += 3) {
      const place = at + data[i]
      S[place] = (S[place] & data[i + 1]) | data[i + 2]
    }
  }

  /** What an effect does outside the state, or undefined. */
  outside(effect: number): Outside | undefined {
    return this.atWrite[effect]
  }

  /** Finds out in what a state differs from the one before. */
  private compare(S: Int32Array): void {
    const { last, difference } = this
    for (let i = 0; i < last.length; i++) {
      difference[i] = S[i] ^ last[i]
      last[i] = S[i]
    }
  }

  /** Writes what some sources add, behind the `count` transitions that are there; results in how many there are then. */
  private ask(S: Int32Array, from: number, to: number, count: number): number {
    const { transitions, trees, offered, looks, difference, offers, atOffer } = this
    const size = difference.length
    let { data, first } = offers
    let n = count
    for (let source = from; source < to; source++) {
      let changed = 0
      for (let i = 0; i < size; i++) changed |= difference[i] & looks[source * size + i]
      let offer = offered[source]
      if (changed !== 0 || offer === UNKNOWN) {
        offer = offered[source] = this.offer(source, S)
        ;({ data, first } = offers)
      }
      const end = first[offer + 1]
      for (let i = first[offer]; i < end; i += 2) {
        transitions[n] = data[i]
        trees[n++] = data[i + 1]
      }
      const outside = atOffer[offer]
      if (outside !== undefined) for (const note of outside.notes) note()
    }
    return n
  }

  private offer(source: number, S: Int32Array): number {
    const offer = this.decisions.find(this.sources[source], S)
    return offer === UNKNOWN ? this.learn(S, source, -1) : offer
  }

  /** A source is known to look at a word. */
  private look(source: number, word: number): void {
    const { placing, looks } = this
    const place = placing.place(word)
    // What is given does not change while states are gone through.
    if (place < placing.size)
      looks[source * placing.size + place] |= placing.mask(word) << placing.shift(word)
  }

  /** Lets a source or a transition do what nobody has seen it do; results in the outcome. */
  private learn(S: Int32Array, source: number, tree: number): number {
    const { system, inside, placing } = this
    const { experience } = inside
    this.catchUp()
    const known = this.decisions.find(source < 0 ? this.effects[tree] : this.sources[source], S)
    if (known !== UNKNOWN) return known
    this.recall(S)
    const lesson =
      source < 0
        ? experience.ofTransition(system, inside, this.named[tree])
        : experience.ofSource(inside, source)
    this.known++
    if (experience.opaque) throw new Restart()
    const outcome = this.take(lesson)
    // A value that nobody has met before may have taken more room than there was.
    if (placing.arrangements !== this.arrangement) throw new Restart()
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
    const { decisions, sources, placing } = this
    const { source, transition, reads, values } = lesson
    const codes = values.map((value, i) => placing.number(reads[i], value))
    const outside = lesson.notes.length > 0 || lesson.violation !== undefined ? lesson : undefined
    if (source >= 0) {
      for (const word of reads) {
        this.seen[source].add(word)
        if (placing.arrangements === this.arrangement) this.look(source, word)
      }
      const row = this.offers.add(lesson.offered.flatMap((each) => [each, this.number(each)]))
      this.atOffer.push(outside)
      sources[source] = decisions.plant(sources[source], reads, codes, row, `source ${source}`)
      return row
    }
    const tree = this.number(transition)
    const row = this.writes.add(this.writesOf(lesson))
    this.atWrite.push(outside)
    if (placing.arrangements === this.arrangement) this.changes.add(this.changesOf(row))
    this.effects[tree] = decisions.plant(this.effects[tree], reads, codes, row, this.system.name(transition))
    return row
  }

  /** The number of a transition: that of its tree. */
  private number(transition: number): number {
    let number = this.numbers.get(transition)
    if (number === undefined) {
      number = this.named.push(transition) - 1
      this.numbers.set(transition, number)
      if (number === this.effects.length) this.effects = enlarged(this.effects)
      this.effects[number] = EMPTY
    }
    return number
  }

  /** Words that get another value than they had, and what stands for it. */
  private writesOf({ reads, values, writes }: Lesson): number[] {
    const written: number[] = []
    for (const [word, value] of writes) {
      const read = reads.indexOf(word)
      if (read < 0 || values[read] !== value) written.push(word, this.placing.number(word, value))
    }
    return written
  }

  /** By element that changes: its place, what it keeps, and what it gets. */
  private changesOf(effect: number): number[] {
    const { placing } = this
    const { data, first } = this.writes
    const changes: number[] = []
    for (let i = first[effect]; i < first[effect + 1]; i += 2) {
      const [word, code] = [data[i], data[i + 1]]
      const mask = placing.mask(word)
      if (mask === 0) continue
      const place = placing.place(word)
      const shift = placing.shift(word)
      let at = 0
      while (at < changes.length && changes[at] !== place) at += 3
      if (at === changes.length) changes.push(place, -1, 0)
      changes[at + 1] &= ~(mask << shift)
      changes[at + 2] |= code << shift
    }
    return changes
  }
}
