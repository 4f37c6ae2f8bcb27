/**
 * What is known of a system's transitions, as it was learned by doing: a source or a transition does what it does, under
 * observation, and the state stays as it was.
 */
import type { Inside, Note } from './inside.ts'
import { Watch, type Observation } from './observation.ts'
import { MAX_ENABLED, type System, type Violation } from './system.ts'

/** What a source or a transition did, and how that depended on the words. */
export interface Lesson extends Observation {
  /** Number of the source, or -1; the transition, for a lesson about one. */
  readonly source: number
  readonly transition: number
  /** What the source added. */
  readonly offered: readonly number[]
  readonly notes: readonly Note[]
  readonly violation: Violation | undefined
}

/** Lessons beyond so many, and beyond a share of the states gone through, show that paths hardly ever come again. */
const FEW_LESSONS = 4096
const STATES_A_LESSON = 4
/** So many take hundreds of megabytes. Between searches, far fewer are reason enough to begin anew. */
const MAX_LESSONS = 200_000
const KEPT_LESSONS = 30_000

let observed = false

/** True once the code of any system of this process was observed. */
export const wasObserved = (): boolean => observed

export class Experience {
  lessons: Lesson[] = []
  /** States that were gone through, learning or not. */
  states = 0
  /** True if the system turned out to be one that is not worth learning, or that cannot be learned. */
  opaque = false
  private watch: Watch | undefined
  private readonly offered = new Int32Array(MAX_ENABLED)

  /** To be called before a search: what was learned of many others before it takes more room than it is worth. */
  forget(): void {
    if (this.lessons.length > KEPT_LESSONS) this.lessons = []
  }

  /** Learns what a source adds in the state that the system is in. */
  ofSource(inside: Inside, source: number): Lesson {
    let count = 0
    const observed = this.observe(inside, () => (count = inside.sources[source](this.offered, 0)))
    const offered = [...this.offered.subarray(0, count)]
    return this.keep({ ...observed, source, transition: -1, offered, violation: undefined })
  }

  /** Learns what an enabled transition does in the state that the system is in, which has no violation. */
  ofTransition(system: System, inside: Inside, transition: number): Lesson {
    const observed = this.observe(inside, () => inside.take(transition))
    const { violation } = system
    system.clearViolation()
    return this.keep({ ...observed, source: -1, transition, offered: [], violation })
  }

  private observe(inside: Inside, run: () => void): Observation & { readonly notes: readonly Note[] } {
    observed = true
    const notes: Note[] = []
    const note = (each: Note): void => void notes.push(each)
    this.watch ??= new Watch(inside.words.length)
    const { reads, values, writes, everything } = this.watch.observe(inside.words, (seen) =>
      inside.through(seen, note, run),
    )
    return { reads, values, writes, everything, notes }
  }

  private keep(lesson: Lesson): Lesson {
    const { lessons, states } = this
    lessons.push(lesson)
    this.opaque =
      lesson.everything ||
      lessons.length > MAX_LESSONS ||
      lessons.length > FEW_LESSONS + states / STATES_A_LESSON
    return lesson
  }
}
