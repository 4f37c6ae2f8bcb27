import { STALE_RIGHTS } from '../machine/facts.ts'
import type { Invariant } from './invariant.ts'

export const writeProtection: Invariant = {
  name: 'write-protection',
  sentence:
    'Once a flush after write-protection has completed, no store goes through a translation that still allows it.',
  judges: 'stale-access',
  violated: (ghost) => (ghost & STALE_RIGHTS) !== 0,
  explain: (_ghost, frame) =>
    `the store to ${frame} goes through a writable old translation although write-protection was completed`,
}
