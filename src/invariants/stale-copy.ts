import { READ_TOO_LATE } from '../machine/facts.ts'
import type { Invariant } from './invariant.ts'

export const staleCopy: Invariant = {
  name: 'stale-copy',
  sentence:
    'Once somebody has accessed the copy of a page, nobody sees the page that it was copied from in its place.',
  judges: 'superseded',
  violated: (ghost) => (ghost & READ_TOO_LATE) !== 0,
  explain: (_ghost, frame) =>
    `the access still reaches ${frame}, although the copy that took its place has been accessed`,
}
