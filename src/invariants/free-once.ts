import type { Invariant } from './invariant.ts'

export const freeOnce: Invariant = {
  name: 'free-once',
  sentence: 'Only a page that is in use is given back, and only once.',
  judges: 'bad-free',
  violated: (ghost) => ghost !== 0,
  explain: (_ghost, frame) => `${frame} is given back although it is not in use as that`,
}
