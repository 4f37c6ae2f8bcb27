/**
 * What the sources of transitions add, as it was learned: by source a decision tree, whose outcomes are rows of
 * transitions. States that are gone through one after the other are alike in most of what a source looks at, and a source
 * adds what it added last as long as nothing of that has changed.
 */
import { EMPTY, UNKNOWN, type Decisions } from './decisions.ts'
import type { Lesson } from './experience.ts'
import { outsideOf, type Outside } from './outside.ts'
import type { Placing } from './placing.ts'
import { Rows } from './rows.ts'
import { MAX_ENABLED } from './system.ts'

export class Offers {
  /** After {@link ask}: the transitions, and the number of each. */
  readonly transitions = new Int32Array(MAX_ENABLED)
  readonly numbers = new Int32Array(MAX_ENABLED)
  private readonly decisions: Decisions
  private readonly placing: Placing
  /** Learns what a source adds in a state that takes a new path; results in the row. */
  private readonly learn: (S: Int32Array, source: number) => number
  /** By source: its tree. Rows hold a transition and its number, and so on. */
  private readonly trees: Int32Array
  private readonly rows = new Rows()
  private readonly outside: (Outside | undefined)[] = []
  /** By source: the words that it is known to look at; and what that is of each element of a state. */
  private readonly looks: readonly Set<number>[]
  private lookedAt = new Int32Array(0)
  /** By source: the row that it added last. */
  private readonly last: Int32Array
  /** The state of then, and in what the one at hand differs from it. */
  private before = new Int32Array(0)
  private difference = new Int32Array(0)

  constructor(
    sources: number,
    decisions: Decisions,
    placing: Placing,
    learn: (S: Int32Array, source: number) => number,
  ) {
    this.decisions = decisions
    this.placing = placing
    this.learn = learn
    this.trees = new Int32Array(sources).fill(EMPTY)
    this.looks = Array.from({ length: sources }, () => new Set())
    this.last = new Int32Array(sources).fill(UNKNOWN)
  }

  /** Words lie elsewhere from now on. */
  arrange(): void {
    const { placing, looks } = this
    this.before = new Int32Array(placing.size)
    this.difference = new Int32Array(placing.size)
    this.lookedAt = new Int32Array(looks.length * placing.size)
    looks.forEach((words, source) => words.forEach((word) => this.lookAt(source, word)))
  }

  /** Sources from one on add something else: they were not asked, or something that is given has changed. */
  forget(from = 0): void {
    this.last.fill(UNKNOWN, from)
  }

  /** The next state is at hand; the sources will be asked for all that they add in it. */
  moveTo(S: Int32Array): void {
    const { before, difference } = this
    for (let i = 0; i < before.length; i++) {
      difference[i] = S[i] ^ before[i]
      before[i] = S[i]
    }
  }

  /** Writes what sources add, from one to before another, behind the `count` transitions that are there; how many are there then. */
  ask(S: Int32Array, from: number, to: number, count: number): number {
    const { transitions, numbers, last, lookedAt, difference, rows, outside } = this
    const size = difference.length
    let { data, first } = rows
    let n = count
    for (let source = from; source < to; source++) {
      let changed = 0
      for (let i = 0; i < size; i++) changed |= difference[i] & lookedAt[source * size + i]
      let row = last[source]
      if (changed !== 0 || row === UNKNOWN) {
        row = last[source] = this.rowOf(source, S)
        ;({ data, first } = rows)
      }
      const end = first[row + 1]
      for (let i = first[row]; i < end; i += 2) {
        transitions[n] = data[i]
        numbers[n++] = data[i + 1]
      }
      const told = outside[row]
      if (told !== undefined) for (const note of told.notes) note()
    }
    return n
  }

  /** The row of a source in a state, or UNKNOWN. */
  find(source: number, S: Int32Array): number {
    return this.decisions.find(this.trees[source], S)
  }

  /** Adds a lesson about a source; `numbers` are those of the transitions that it added. */
  take(lesson: Lesson, codes: readonly number[], numbers: readonly number[]): number {
    const { source, reads, offered } = lesson
    const row = this.rows.add(offered.flatMap((transition, i) => [transition, numbers[i]]))
    this.outside.push(outsideOf(lesson))
    this.trees[source] = this.decisions.plant(this.trees[source], reads, codes, row, `source ${source}`)
    for (const word of reads) {
      this.looks[source].add(word)
      this.lookAt(source, word)
    }
    return row
  }

  private rowOf(source: number, S: Int32Array): number {
    const row = this.find(source, S)
    return row === UNKNOWN ? this.learn(S, source) : row
  }

  private lookAt(source: number, word: number): void {
    const { placing, lookedAt, before } = this
    const place = placing.place(word)
    // What is given does not change while states are gone through.
    if (place < before.length)
      lookedAt[source * before.length + place] |= placing.mask(word) << placing.shift(word)
  }
}
