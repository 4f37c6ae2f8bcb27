import { STORED_TOO_LATE } from '../machine/facts.ts'
import type { Invariant } from './invariant.ts'

export const lostWrite: Invariant = {
  name: 'lost-write',
  sentence: 'No store reaches a page after a copy has taken its place.',
  judges: 'superseded',
  violated: (ghost) => (ghost & STORED_TOO_LATE) !== 0,
  explain: (_ghost, frame) => `the store goes to ${frame}, which was copied away before: it is lost`,
}
