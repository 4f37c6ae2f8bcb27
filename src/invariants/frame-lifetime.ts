import { FREED_BY_HOST } from '../machine/facts.ts'
import type { Invariant } from './invariant.ts'

export const frameLifetime: Invariant = {
  name: 'frame-lifetime',
  sentence:
    'No access is translated to a frame that was handed back to the allocator after the translation was cached.',
  judges: 'frame-access',
  violated: (ghost) => ghost !== 0,
  explain: (ghost, frame) => {
    const what = ghost === FREED_BY_HOST ? `the host frame that was ${frame}'s` : frame
    return `the access reaches ${what} through an old translation after ${ghost === FREED_BY_HOST ? 'the host freed it' : `${frame} was freed`}`
  },
}
