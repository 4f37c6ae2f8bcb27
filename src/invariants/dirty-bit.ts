import type { Invariant } from './invariant.ts'

export const dirtyBit: Invariant = {
  name: 'dirty-bit',
  sentence: 'A page that was stored to is known to be dirty when it is given back.',
  judges: 'dirty-lost',
  violated: (ghost) => ghost !== 0,
  explain: (_ghost, frame) => `${frame} is given back as clean although a store reached it`,
}
