import { FREED_SINCE, NOT_A_TABLE } from '../machine/facts.ts'
import type { Invariant } from './invariant.ts'

export const softwareWalk: Invariant = {
  name: 'software-walk',
  sentence:
    'No software walker touches an entry of a page that is no longer a page table, or not the one it was led to.',
  judges: 'software-walk',
  violated: (ghost) => (ghost & (FREED_SINCE | NOT_A_TABLE)) !== 0,
  explain: (ghost, frame) =>
    ghost & NOT_A_TABLE
      ? `use after free: ${frame} was handed back to the allocator while this walk pointed into it`
      : `use after free: ${frame} was freed and has become another page table while this walk pointed into it`,
}
