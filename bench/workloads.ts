/** The workloads that more than one benchmark runs, and the one place where their sizes are decided. */
import type { Workload } from '../src/index.ts'

/** The seed race: one CPU unmaps a page and its table, another walks to the page; then each accesses it. */
export const seedWorkload: Workload = [
  [
    { op: 'munmap', page: 0 },
    { op: 'read', page: 0 },
  ],
  [
    { op: 'gup_fast', page: 0 },
    { op: 'read', page: 0 },
  ],
]

/** Two pages of one table, which goes with the second; three CPUs. With one speculative walk: 331,573 states. */
export const largeWorkload: Workload = [
  [
    { op: 'munmap', page: 2 },
    { op: 'munmap', page: 3 },
  ],
  [
    { op: 'gup_fast', page: 2 },
    { op: 'read', page: 3 },
  ],
  [{ op: 'write', page: 2 }],
]

/** In words: `munmap 0, read 0 | gup_fast 0, read 0`. */
export const tellWorkload = (workload: Workload): string =>
  workload
    .map((ops) => ops.map(({ op, page }) => (page === undefined ? op : `${op} ${page}`)).join(', '))
    .join(' | ')
