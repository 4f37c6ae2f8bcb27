import { STALE_FRAME } from '../machine/facts.ts'
import type { Invariant } from './invariant.ts'

export const staleTranslation: Invariant = {
  name: 'stale-translation',
  sentence:
    'Once a flush has completed, no access uses a translation that the tables contradicted when it began.',
  judges: 'stale-access',
  violated: (ghost) => (ghost & STALE_FRAME) !== 0,
  explain: (_ghost, frame) =>
    `the access uses an old translation to ${frame} although the flush that covers it has completed`,
}
