/** Learning by doing: a source or a transition does what it does, under observation, and the state stays as it was. */
import type { Inside, Lesson, Note } from './inside.ts'
import { observe } from './observation.ts'
import { MAX_ENABLED, type System } from './system.ts'

const offered = new Int32Array(MAX_ENABLED)

/** What a source adds in the state that the system is in. */
export function lessonOfSource(inside: Inside, source: number): Lesson {
  const notes: Note[] = []
  let count = 0
  const observation = observe(inside.words, (seen) => {
    inside.through(
      seen,
      (note) => notes.push(note),
      () => (count = inside.sources[source](offered, 0)),
    )
  })
  return {
    ...observation,
    source,
    transition: -1,
    offered: [...offered.subarray(0, count)],
    notes,
    violation: undefined,
  }
}

/** What an enabled transition does in the state that the system is in, which has no violation. */
export function lessonOfTransition(system: System, inside: Inside, transition: number): Lesson {
  const notes: Note[] = []
  const observation = observe(inside.words, (seen) => {
    inside.through(
      seen,
      (note) => notes.push(note),
      () => inside.take(transition),
    )
  })
  const { violation } = system
  system.clearViolation()
  return { ...observation, source: -1, transition, offered: [], notes, violation }
}
