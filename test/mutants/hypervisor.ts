/** Broken hypervisors: one rule each of flushing a vCPU, flagging it or kicking it, and what catches it. */
import { hypervRcu, xenRcu } from '../../src/policies/index.ts'
import { instead, nothing, sparing, waitsFor } from './breaking.ts'
import { FULL, on, type Mutant } from './mutant.ts'

/** What an instruction, or a speculative walk, has in flight. */
const FLIGHT = [
  'walk',
  'walk pointer',
  'walk page',
  'translation in use',
  'speculative walk',
  'speculative walk pointer',
  'speculative page',
]

export const hypervisor: readonly Mutant[] = [
  {
    name: 'a flush of a vCPU does nothing',
    by: hypervRcu,
    breakage: nothing('flush vCPU'),
    breaks: 'stale-translation',
  },
  {
    name: 'a flush of a vCPU leaves its walk in flight',
    by: hypervRcu,
    breakage: sparing('flush vCPU', ...FLIGHT),
    breaks: 'stale-translation',
  },
  {
    name: 'a flush of a vCPU keeps its paging-structure caches',
    by: hypervRcu,
    breakage: sparing('flush vCPU', 'paging-structure cache'),
    breaks: 'hardware-walk',
  },
  {
    name: 'a flush of a vCPU that is preempted does nothing',
    by: hypervRcu,
    bounds: { preemptions: 1 },
    breakage: instead(
      'flush vCPU',
      (before, m) =>
        (v, target, ...rest) =>
          m.whereabouts(target) === 0 ? 0 : before(v, target, ...rest),
    ),
    breaks: 'stale-translation',
  },
  {
    name: 'a flush of a vCPU flushes one page of several',
    by: hypervRcu,
    bounds: FULL,
    breakage: instead('flush vCPU', (before) => (v, target, mask, c) => before(v, target, mask & -mask, c)),
    breaks: 'stale-translation',
    workloads: [[[on('collapse', 2)], [on('read', 3), on('read', 3)]]],
  },
  {
    name: 'the flush flag is ignored at VM entry',
    by: xenRcu,
    breakage: nothing('flag vCPU'),
    breaks: 'stale-translation',
  },
  {
    name: 'a kick does not reach a running vCPU',
    by: xenRcu,
    breakage: nothing('kick vCPU'),
    breaks: 'stale-translation',
  },
  {
    name: 'nobody waits for kicks',
    by: xenRcu,
    breakage: waitsFor('wait for kicks'),
    breaks: 'stale-translation',
  },
  {
    name: 'a running vCPU passes for one that is not',
    by: xenRcu,
    breakage: instead('is running', () => () => 0),
    breaks: 'stale-translation',
  },
]
