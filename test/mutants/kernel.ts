/** Broken kernels: one rule each of references, page tables, call-function or RCU, and what catches it. */
import { D } from '../../src/machine/entry.ts'
import { DATA, KIND, REF, REF_MASK } from '../../src/machine/frame-word.ts'
import { hypervRcu, nativeIpi, staticKey } from '../../src/policies/index.ts'
import type { Workload } from '../../src/scenario/workload.ts'
import { both, instead, keeping, nothing, waitsFor, wordsOf } from './breaking.ts'
import { FULL, SPECULATING, on, type Mutant } from './mutant.ts'

/** The key is turned beside an operation that decided before. */
const TURNING: Workload = [[{ op: 'turn_key' }, on('gup_fast')], [on('munmap')]]

export const kernel: readonly Mutant[] = [
  {
    name: 'folio_try_get gives a reference to a page with none',
    by: hypervRcu,
    breakage: instead('try get', (_, m) => (_v, frame) => ((m.S[m.frame + frame] += REF), 1)),
    breaks: 'free-once',
  },
  {
    name: 'folio_put frees a page that is still referred to',
    by: nativeIpi,
    breakage: instead('put', (before, m) => (v, frame, ...rest) => {
      if ((m.S[m.frame + frame] & KIND) === DATA)
        m.S[m.frame + frame] = (m.S[m.frame + frame] & ~REF_MASK) | REF
      return before(v, frame, ...rest)
    }),
    breaks: 'free-once',
  },
  {
    name: 'gup_fast finds every entry unchanged',
    by: hypervRcu,
    bounds: FULL,
    breakage: instead(
      're-check entry',
      (before) =>
        (...args) => (before(...args), 1),
    ),
    breaks: 'pinned-page',
  },
  {
    name: 'khugepaged takes pinned pages for unpinned ones',
    by: nativeIpi,
    bounds: FULL,
    breakage: instead('is unpinned', () => () => 1),
    breaks: 'pinned-page',
  },
  {
    name: 'clearing an entry forgets its D flag',
    by: nativeIpi,
    breakage: instead('clear entry', (before, m) => (v, a, b, c) => {
      const at = m.entryAt(a, b & 7, b >> 3)
      m.S[at] &= ~D
      return before(v, a, b, c)
    }),
    breaks: 'dirty-bit',
  },
  {
    name: 'clearing an entry leaves it as it is',
    by: nativeIpi,
    breakage: instead('clear entry', (before, m) => (v, a, b, c) => {
      const at = m.entryAt(a, b & 7, b >> 3)
      return keeping(m, [at], () => before(v, a, b, c))
    }),
    breaks: 'free-once',
  },
  {
    name: 'the flush handler acknowledges before it flushes',
    by: nativeIpi,
    bounds: SPECULATING,
    breakage: instead('read slot', (before, m) => (v, slot, ...rest) => {
      const asked = before(v, slot, ...rest)
      m.S[slot] = 0
      return asked
    }),
    breaks: 'hardware-walk',
  },
  {
    name: 'the initiator does not wait for acknowledgements',
    by: nativeIpi,
    breakage: waitsFor('await acknowledgement'),
    breaks: 'software-walk',
  },
  {
    name: 'call_rcu does not wait for readers with IF=0',
    by: hypervRcu,
    breakage: instead('call_rcu', (before, m) => (...args) => {
      const flags = wordsOf(m, 'IF')
      return keeping(m, flags, () => (flags.forEach((at) => (m.S[at] = 1)), before(...args)))
    }),
    breaks: 'software-walk',
  },
  {
    name: 'synchronize_rcu waits for nobody',
    by: staticKey,
    workloads: [TURNING],
    breakage: waitsFor('synchronize_rcu'),
    breaks: 'software-walk',
  },
  {
    name: 'rcu_read_lock protects nothing',
    by: staticKey,
    workloads: [TURNING],
    breakage: both(nothing('rcu_read_lock'), nothing('rcu_read_unlock')),
    breaks: 'software-walk',
  },
  {
    name: 'a lazy CPU is never told that it is behind',
    by: nativeIpi,
    breakage: nothing('or'),
    breaks: 'stale-translation',
    workloads: [[[on('read'), { op: 'lazy_tlb' }, on('read')], [on('reclaim')]]],
  },
]
