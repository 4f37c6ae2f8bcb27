import { COPIED_UNDER_PIN, PIN_CONFIRMED } from '../machine/facts.ts'
import type { Invariant } from './invariant.ts'

export const pinnedPage: Invariant = {
  name: 'pinned-page',
  sentence: 'A pinned page is the page that its address maps to, for as long as the address stays mapped.',
  judges: 'superseded',
  violated: (ghost) => (ghost & (PIN_CONFIRMED | COPIED_UNDER_PIN)) !== 0,
  explain: (ghost, frame) =>
    ghost & PIN_CONFIRMED
      ? `the pin of ${frame} stands although ${frame} was copied away: what is written through it is lost`
      : `${frame} is copied away under a pin: what is written through it is lost`,
}
