import type { Invariant } from './invariant.ts'

export const frameLifetime: Invariant = {
  name: 'frame-lifetime',
  sentence:
    'No access is translated to a frame that was handed back to the allocator after the translation was cached.',
  judges: 'frame-access',
  violated: (ghost) => ghost !== 0,
  explain: (_ghost, frame) =>
    `the access reaches ${frame} through an old translation after ${frame} was freed`,
}
