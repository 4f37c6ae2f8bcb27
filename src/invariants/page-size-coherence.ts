import type { Invariant } from './invariant.ts'

export const pageSizeCoherence: Invariant = {
  name: 'page-size-coherence',
  sentence: 'No TLB holds a small and a large translation that overlap and disagree.',
  judges: 'mixed-sizes',
  violated: (ghost) => ghost !== 0,
  explain: (_ghost, frame) =>
    `the TLB now holds small and large translations of one region; the newest is of ${frame}`,
}
