/** What transitions do to a state, as it was learned: by transition a decision tree, whose outcomes say what is written. */
import { EMPTY, type Decisions } from './decisions.ts'
import { enlarged } from './enlarged.ts'
import type { Lesson } from './experience.ts'
import { outsideOf, type Outside } from './outside.ts'
import type { Placing } from './placing.ts'
import { Rows } from './rows.ts'

export class Effects {
  /** By effect: what it does outside the state. */
  readonly outside: (Outside | undefined)[] = []
  /** Transitions by number. */
  readonly transitions: number[] = []
  private readonly decisions: Decisions
  private readonly placing: Placing
  private readonly numbers = new Map<number, number>()
  /** By number: the tree of a transition. */
  private trees = new Int32Array(256)
  /** By effect: words that are written, and what stands for their values. */
  private readonly writes = new Rows()
  /** By effect: the elements of a state that change as they are laid out now, what each keeps, and what it gets. */
  private changes = new Rows()
  private arrangement = -1

  constructor(decisions: Decisions, placing: Placing) {
    this.decisions = decisions
    this.placing = placing
  }

  /** Words lie elsewhere from now on. */
  arrange(): void {
    this.arrangement = this.placing.arrangements
    this.changes = new Rows()
    for (let effect = 0; effect < this.writes.count; effect++) this.changes.add(this.changesOf(effect))
  }

  /** The number of a transition. */
  number(transition: number): number {
    let number = this.numbers.get(transition)
    if (number === undefined) {
      number = this.transitions.push(transition) - 1
      this.numbers.set(transition, number)
      if (number === this.trees.length) this.trees = enlarged(this.trees)
      this.trees[number] = EMPTY
    }
    return number
  }

  /** What the transition of a number does in a state, or UNKNOWN. */
  find(number: number, S: Int32Array): number {
    return this.decisions.find(this.trees[number], S)
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

  /** Adds a lesson about a transition, which is called `name`. */
  take(lesson: Lesson, codes: readonly number[], name: string): number {
    const number = this.number(lesson.transition)
    const effect = this.writes.add(this.writesOf(lesson))
    this.outside.push(outsideOf(lesson))
    // Otherwise all of them will be arranged anew.
    if (this.arrangement === this.placing.arrangements) this.changes.add(this.changesOf(effect))
    this.trees[number] = this.decisions.plant(this.trees[number], lesson.reads, codes, effect, name)
    return effect
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
