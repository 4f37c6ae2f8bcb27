import type { Invariant } from './invariant.ts'

export const addressSpaceIsolation: Invariant = {
  name: 'address-space-isolation',
  sentence: 'No access in one address space is served by a translation of another.',
  judges: 'foreign-access',
  violated: (ghost) => ghost !== 0,
  explain: (_ghost, frame) => `the access is served by another address space's translation to ${frame}`,
}
