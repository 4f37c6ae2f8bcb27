/** Broken hardware: one rule each of TLB, page walk or interrupts, and what catches it. */
import { CACHED_D } from '../../src/machine/cached.ts'
import { D } from '../../src/machine/entry.ts'
import { nativeIpi, staticKey } from '../../src/policies/index.ts'
import { both, instead, keeping, nothing, mismarking, sparing, waitsFor, wordsOf } from './breaking.ts'
import { FULL, SPECULATING, on, type Mutant } from './mutant.ts'

export const hardware: readonly Mutant[] = [
  {
    name: 'INVLPG drops nothing',
    by: nativeIpi,
    bounds: SPECULATING,
    breakage: nothing('INVLPG'),
    breaks: 'hardware-walk',
  },
  {
    name: 'INVLPG drops no paging-structure caches',
    by: nativeIpi,
    bounds: SPECULATING,
    breakage: sparing('INVLPG', 'paging-structure cache'),
    breaks: 'hardware-walk',
  },
  {
    name: 'INVLPG drops only paging-structure caches',
    by: nativeIpi,
    bounds: SPECULATING,
    breakage: sparing('INVLPG', 'TLB'),
    breaks: 'frame-lifetime',
  },
  {
    name: 'INVLPG lets a speculative walk go on',
    by: nativeIpi,
    bounds: SPECULATING,
    breakage: sparing('INVLPG', 'speculative walk', 'speculative walk pointer'),
    breaks: 'hardware-walk',
  },
  {
    name: 'a locked exchange leaves its store in the buffer',
    by: nativeIpi,
    bounds: { storeBuffer: 1 },
    breakage: instead('xchg', (_, m) => (v, a, b) => {
      const old = m.buffer.read(v, a)
      m.buffer.write(v, a, b)
      return old
    }),
    breaks: 'stale-translation',
    workloads: [[[on('read'), { op: 'lazy_tlb' }, on('read')], [on('reclaim')]]],
  },
  {
    name: 'an IPI overtakes the request that it is about',
    by: nativeIpi,
    bounds: { storeBuffer: 1 },
    breakage: waitsFor('send IPI'),
    breaks: 'flush-completes',
  },
  {
    name: 'MOV CR3 keeps the TLB',
    by: nativeIpi,
    breakage: sparing('MOV CR3', 'TLB'),
    breaks: 'address-space-isolation',
    workloads: [[[on('read'), { op: 'switch_mm' }, on('read')], []]],
  },
  {
    name: 'MOV CR3 keeps the TLB: a lazy CPU comes back with it',
    by: nativeIpi,
    breakage: sparing('MOV CR3', 'TLB'),
    breaks: 'stale-translation',
    workloads: [[[on('read'), { op: 'lazy_tlb' }, on('read')], [on('reclaim')]]],
  },
  {
    name: 'the page walk does not set D',
    by: nativeIpi,
    breakage: mismarking((was, now) => (now & ~D) | (was & D)),
    breaks: 'dirty-bit',
  },
  {
    name: 'the page walk of a read fills the TLB as dirty',
    by: nativeIpi,
    breakage: instead('walk', (before, m) => (v, a, b, c) => {
      const result = before(v, a, b, c)
      for (const at of wordsOf(m, 'TLB')) if (m.S[at] !== 0) m.S[at] |= CACHED_D
      return result
    }),
    breaks: 'dirty-bit',
    workloads: [[[on('read'), on('write')], [on('munmap')]]],
  },
  {
    name: 'the page walk starts at a cached level of another address space',
    by: nativeIpi,
    breakage: both(
      sparing('MOV CR3', 'paging-structure cache'),
      instead('start walk', (before, m) => (v, ...args) => {
        const spaces = wordsOf(m, 'CR3')
        return keeping(m, [spaces[v]], () => ((m.S[spaces[v]] = 0), before(v, ...args)))
      }),
    ),
    breaks: 'address-space-isolation',
    workloads: [[[on('read'), { op: 'switch_mm' }, on('read')], [on('munmap')]]],
  },
  { name: 'CLI does nothing', by: nativeIpi, breakage: nothing('cli'), breaks: 'software-walk' },
  {
    name: 'STI forgets that the CPU was quiescent',
    by: staticKey,
    workloads: [[[{ op: 'turn_key' }], [on('gup_fast')]]],
    breakage: instead('sti', (_, m) => (v) => ((m.S[m.interruptFlag + v] = 1), 0)),
    breaks: 'flush-completes',
  },
  {
    name: 'an IPI is lost while IF=0',
    by: nativeIpi,
    breakage: instead(
      'send IPI',
      (before, m) =>
        (v, target, ...rest) =>
          m.S[m.interruptFlag + target] === 0 ? 0 : before(v, target, ...rest),
    ),
    breaks: 'flush-completes',
  },
  {
    name: 'an IPI is lost while the vCPU is preempted',
    by: nativeIpi,
    bounds: { preemptions: 1 },
    breakage: instead(
      'send IPI',
      (before, m) =>
        (v, target, ...rest) =>
          m.whereabouts(target) === 0 ? 0 : before(v, target, ...rest),
    ),
    breaks: 'flush-completes',
  },
  {
    name: 'locks exclude nobody',
    by: nativeIpi,
    bounds: FULL,
    breakage: both(waitsFor('lock'), nothing('unlock')),
    breaks: 'free-once',
  },
]
