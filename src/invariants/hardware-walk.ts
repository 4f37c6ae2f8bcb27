import { FREED_EPT_TABLE, FREED_SINCE, NOT_A_TABLE } from '../machine/facts.ts'
import type { Invariant } from './invariant.ts'

export const hardwareWalk: Invariant = {
  name: 'hardware-walk',
  sentence: 'No page walk of the hardware reads or writes a page that was handed back to the allocator.',
  judges: 'hardware-walk',
  violated: (ghost) => (ghost & (FREED_SINCE | NOT_A_TABLE | FREED_EPT_TABLE)) !== 0,
  explain: (ghost, frame) => {
    if (ghost & FREED_EPT_TABLE) return `the page walker reads the EPT table of ${frame}, which was freed`
    return ghost & NOT_A_TABLE
      ? `the page walker reads ${frame}, which is no page table any more`
      : `the page walker reads ${frame}, which was freed and has become another page table`
  },
}
