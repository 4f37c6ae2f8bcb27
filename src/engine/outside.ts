/** What a transition, or a source of some, does outside the state. */
import type { Lesson } from './experience.ts'
import type { Note } from './inside.ts'
import type { Violation } from './system.ts'

export interface Outside {
  readonly notes: readonly Note[]
  readonly violation: Violation | undefined
}

/** Undefined for the most, which do nothing. */
export const outsideOf = (lesson: Lesson): Outside | undefined =>
  lesson.notes.length > 0 || lesson.violation !== undefined ? lesson : undefined
