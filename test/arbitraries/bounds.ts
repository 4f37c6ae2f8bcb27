/** The bounds that these tests play within, written out so that a new default changes none of them. */
import { makeBounds } from '../../src/index.ts'

export const plain = makeBounds({
  vcpus: 2,
  pcpus: 2,
  levels: 2,
  entries: 2,
  preemptions: 1,
  migration: false,
  speculation: 0,
  eviction: false,
  structureCaches: true,
  vpid: true,
  groups: [[0], [2, 3]],
  gupRecheck: 'pmd',
})
