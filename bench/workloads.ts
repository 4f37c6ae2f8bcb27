/**
 * The workloads and bounds that more than one benchmark uses. Bounds are spelled out, so that a change of the
 * package's defaults does not change what is measured.
 */
import type { Bounds, Workload } from '../src/index.ts'

/** Two vCPUs, two levels, caches on, one preemption; nothing speculative. */
export const plainBounds = {
  vcpus: 2,
  levels: 2,
  preemptions: 1,
  speculation: 0,
  eviction: false,
  migration: false,
  structureCaches: true,
  vpid: true,
} satisfies Partial<Bounds>

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

/** Two pages of one table, which goes with the second; three CPUs. */
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
