/** Broken rules of MOV to CR3, of INVPCID, of the control registers, and of the tags that they are about. */
import { CACHED_G, VALID } from '../../../src/machine/cached.ts'
import { CR3_NOFLUSH, PAE, PCIDE, PG, PGE, SMEP } from '../../../src/machine/control.ts'
import { GP } from '../../../src/machine/invalidate.ts'
import {
  ALL_BUT_GLOBAL,
  ALL_CONTEXTS,
  INDIVIDUAL_ADDRESS,
  SINGLE_CONTEXT,
} from '../../../src/machine/pcid.ts'
import {
  alsoDropping,
  both,
  instead,
  keeping,
  sparing,
  sparingThose,
  undrained,
  wordsOf,
  type Breakage,
} from '../breaking.ts'
import { asTold, broken, underPcid } from './rule.ts'

const STRUCTURES = 'paging-structure cache'
const isGlobal = (word: number): boolean => (word & CACHED_G) !== 0
const isOrdinary = (word: number): boolean => (word & VALID) !== 0 && !isGlobal(word)

/** One type of INVPCID does what another does. */
const mistaken = (type: number, as: number): Breakage =>
  instead('INVPCID', (before) => (v, a, b, c) => before(v, a === type && c >= 0 ? as : a, b, c))

/** A change of some control bits is made without what it drops. */
const silently = (bits: number, ...fields: readonly string[]): Breakage =>
  instead('write control bits', (before, m) => {
    const words = fields.flatMap((field) => wordsOf(m, field))
    return (v, set, clear, c) =>
      (set | clear) & bits ? keeping(m, words, () => before(v, set, clear, c)) : before(v, set, clear, c)
  })

/** A change of a control bit that must raise #GP is made. */
const permitting = (bit: number): Breakage =>
  instead('write control bits', (before, m) => (v, set, clear, c) => {
    const result = before(v, set, clear, c)
    if (result !== GP || ((set | clear) & bit) === 0) return result
    m.S[m.controls + v] = (m.S[m.controls + v] | set) & ~clear
    return 0
  })

export const contexts = [
  asTold('MOV CR3 keeps the TLB'),
  broken('MOV to CR3 keeps the paging-structure caches', sparing('MOV CR3', STRUCTURES)),
  broken('MOV to CR3 drops global translations', alsoDropping('MOV CR3', 'TLB', isGlobal)),
  broken(
    'MOV to CR3 with NOFLUSH flushes',
    instead('MOV CR3', (before) => (v, a, b, c) => {
      const result = before(v, a, b, c)
      return result === GP ? GP : before(v, a, b & ~CR3_NOFLUSH, c)
    }),
  ),
  broken(
    'MOV to CR3 without NOFLUSH does not flush where there are PCIDs',
    instead(
      'MOV CR3',
      (before, m) => (v, a, b, c) => before(v, a, m.config.pcids > 0 ? b | CR3_NOFLUSH : b, c),
    ),
  ),
  broken('MOV to CR3 drops what other PCIDs have cached', alsoDropping('MOV CR3', 'TLB', isOrdinary)),
  broken(
    'MOV to CR3 flushes the PCID that it leaves',
    instead('MOV CR3', (before, m) => (v, a, b, c) => {
      if (m.pcid < 0 || b & CR3_NOFLUSH) return before(v, a, b, c)
      before(v, a, m.S[m.pcid + v], c)
      return before(v, a, b | CR3_NOFLUSH, c)
    }),
  ),
  broken('MOV to CR3 leaves the PCID as it was', sparing('MOV CR3', 'CR3[11:0]')),
  broken(
    'MOV to CR3 with NOFLUSH does not fault while PCIDs are off',
    instead('MOV CR3', (before) => (v, a, b, c) => {
      const result = before(v, a, b, c)
      return result === GP ? before(v, a, b & ~CR3_NOFLUSH, c) : result
    }),
  ),
  broken(
    'MOV to CR3 lets a speculative walk go on',
    sparing('MOV CR3', 'speculative walk', 'speculative walk pointer', 'speculative page'),
  ),
  broken('MOV to CR3 does not wait for the stores before it', undrained('MOV CR3')),
  broken('MOV to CR3 does not load the PDPTE registers', sparing('MOV CR3', 'PDPTE registers')),
  broken(
    'INVLPG drops the PDPTE registers',
    alsoDropping('INVLPG', 'PDPTE registers', () => true),
  ),

  broken('translations carry no tag', ({ machine }) => void (machine.caches.tag = () => 0)),
  broken(
    'an upper-level entry of PCID 0 serves another, and no other serves any',
    instead(
      'start walk',
      (before, m) =>
        (v, ...args) =>
          underPcid(m, v, 0, () => before(v, ...args)),
    ),
  ),
  broken('an upper-level entry of one PCID serves all: it carries no tag', ({ machine }) => {
    const before = machine.caches.structuresNow.bind(machine.caches)
    machine.caches.structuresNow = (v) => underPcid(machine, v, 0, () => before(v))
  }),

  broken('INVPCID of an address drops its whole context', mistaken(INDIVIDUAL_ADDRESS, SINGLE_CONTEXT)),
  broken('INVPCID of a context drops one address', mistaken(SINGLE_CONTEXT, INDIVIDUAL_ADDRESS)),
  broken('INVPCID of a context drops all contexts', mistaken(SINGLE_CONTEXT, ALL_BUT_GLOBAL)),
  broken('INVPCID of all contexts leaves global translations', mistaken(ALL_CONTEXTS, ALL_BUT_GLOBAL)),
  broken('INVPCID of all but global drops global translations', mistaken(ALL_BUT_GLOBAL, ALL_CONTEXTS)),
  broken(
    'INVPCID looks at the PCID of CR3, not at its own',
    instead(
      'INVPCID',
      (before, m) => (v, type, pcid, page) => before(v, type, m.S[m.pcid + v] ?? pcid, page),
    ),
  ),
  broken('INVPCID leaves the paging-structure caches', sparing('INVPCID', STRUCTURES)),
  broken('INVPCID of an address drops a global translation of it', alsoDropping('INVPCID', 'TLB', isGlobal)),
  broken(
    'INVPCID of a PCID does not fault while PCIDs are off',
    instead('INVPCID', (before, m) => (...args) => {
      m.S[m.controls + args[0]] |= PCIDE
      return before(...args)
    }),
  ),
  broken(
    'INVPCID of an address that is not canonical does not fault',
    instead('INVPCID', (before) => (v, type, pcid, page) => before(v, type, pcid, Math.max(page, 0))),
  ),

  broken('a change of PGE drops nothing', silently(PGE, 'TLB', STRUCTURES)),
  broken('a change of PGE leaves global translations', sparingThose('write control bits', 'TLB', isGlobal)),
  broken('clearing PCIDE drops nothing', silently(PCIDE, 'TLB', STRUCTURES)),
  broken('setting SMEP drops nothing', silently(SMEP, 'TLB', STRUCTURES)),
  broken('changing PAE drops nothing', silently(PAE, 'TLB', STRUCTURES)),
  broken('changing PAE leaves upper-level entries', silently(PAE, STRUCTURES)),
  broken('a change of PAE drops global translations', alsoDropping('write control bits', 'TLB', isGlobal)),
  broken('PAE can be cleared in IA-32e mode', permitting(PAE)),
  broken('PCIDE can be set while CR3 names a PCID', permitting(PCIDE)),
  broken('PG can be cleared while PCIDE is set', permitting(PG)),
  broken(
    'a write to a control register lets a speculative walk go on',
    both(
      sparing('write control bits', 'speculative walk', 'speculative walk pointer', 'speculative page'),
      silently(PGE | PCIDE | SMEP),
    ),
  ),
]
