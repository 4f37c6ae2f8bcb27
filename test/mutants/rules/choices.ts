/** Broken choices: what a processor may do and never does, and what it does although the machine says otherwise. */
import type { MachineConfig } from '../../../src/machine/config.ts'
import { CACHED_PS } from '../../../src/machine/cached.ts'
import { FREE, KIND, TABLE } from '../../../src/machine/frame-word.ts'
import { FILLED, PAST_TLB, walkRequest } from '../../../src/machine/walk-stage.ts'
import { EVICT, SPECULATE, detailOf, kindOf, whoOf } from '../../../src/scenario/transition.ts'
import { instead, readEntry, withholding, wordsOf, type Breakage } from '../breaking.ts'
import { broken } from './rule.ts'

/** The machine does as if a feature were `value`, whatever its scenario says. */
const taking =
  <K extends keyof MachineConfig>(feature: K, value: MachineConfig[K]): Breakage =>
  ({ machine }) =>
    void Object.assign(machine.config, { [feature]: value })

export const choices = [
  broken('no access walks past the TLB', taking('alternates', false)),
  broken('accesses of every CPU walk past the TLB', taking('alternates', true)),
  broken(
    'a walk past the TLB replaces what is there',
    instead('walk', (before) => (v, a, b, c) => before(v, a, b, c & ~walkRequest(0, PAST_TLB))),
  ),
  broken('every walk leaves the TLB as it is', (world) => {
    if (world.machine.config.alternates)
      instead('walk', (before) => (v, a, b, c) => before(v, a, b, c | walkRequest(0, PAST_TLB)))(world)
  }),
  broken(
    'nothing that is cached ever vanishes: a translation is gone when something drops it',
    withholding((t) => kindOf(t) === EVICT),
  ),
  broken(
    'a page is not cached that nobody has asked for',
    withholding((t, { machine }) => kindOf(t) === SPECULATE && whoOf(t) < machine.config.vcpus),
  ),
  broken(
    'a device writes nothing that it was not told to',
    withholding((t, { machine }) => kindOf(t) === SPECULATE && whoOf(t) >= machine.config.vcpus),
  ),
  broken(
    'D is never set for a page that nobody has written',
    withholding((t, { machine }) => kindOf(t) === SPECULATE && detailOf(t) >= machine.config.pages.length),
  ),
  broken(
    'a large page is cached whole, also for a page of it that nobody has accessed',
    taking('fractured', false),
  ),
  broken('a large page that is to be cached whole is cached in pieces', taking('fractured', true)),
  broken(
    'a large translation goes when a small one is cached, although both could be held',
    instead('walk', (before, m) => (v, a, b, c) => {
      const { page } = readEntry(m, a, b, c)
      const places = wordsOf(m, 'TLB').filter((_, i) => i % m.config.pages.length === m.caches.pageSlot[page])
      const held = places.filter((at) => m.S[at] & CACHED_PS)
      const result = before(v, a, b, c)
      if (m.config.multihit && result === FILLED && (m.S[m.caches.latch + v] & CACHED_PS) === 0)
        for (const at of held) m.S[at] = 0
      return result
    }),
  ),
  broken('D is set in an entry without a second look at R/W', taking('racyDirty', true)),
  broken('D is set with a second look, although its CPU takes none', taking('racyDirty', false)),
  broken(
    'a CPU does not walk again, and refuses a write to a page that became writable',
    taking('rewalk', false),
  ),
  broken('every CPU walks again: a page that became writable never refuses a write', taking('rewalk', true)),
  broken('a walk that faults never leaves A above the PTE clear', taking('lateAccessed', false)),
  broken(
    'INVLPG drops a global translation while PCIDs are on, in spite of the erratum',
    taking('invlpgMissesGlobals', false),
  ),
  broken(
    'INVLPG leaves a global translation that another PCID made, although the erratum is off',
    taking('invlpgMissesGlobals', true),
  ),
  broken('TCE is ignored', taking('tce', false)),
  broken('a VM exit drops all translations in spite of VPIDs', taking('vpid', false)),
  broken('a VM exit drops no translations without VPIDs', taking('vpid', true)),
  broken(
    'no page that was given back becomes a table',
    instead('allocate page', (before, m) => (...args) => {
      const frame = before(...args)
      const { tables } = m.geometry
      if ((m.S[m.frame + frame] & KIND) !== TABLE || tables.some((table) => table.frame === frame))
        return frame
      m.S[m.frame + frame] = FREE
      return 0
    }),
  ),
]
