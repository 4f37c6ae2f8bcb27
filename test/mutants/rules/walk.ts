/** Broken rules of the page walk: what it reads, what it accumulates, what it sets, what it caches, and from when. */
import { ALL_RIGHTS, CACHED_D } from '../../../src/machine/cached.ts'
import { NXE, PGE, controlsOf } from '../../../src/machine/control.ts'
import {
  A,
  D,
  G,
  P,
  PS,
  RSVD,
  RW,
  US,
  XD,
  frameOf,
  isLarge,
  isPresent,
  withKey,
} from '../../../src/machine/entry.ts'
import { tableFor } from '../../../src/machine/translation.ts'
import { FAULT, FILLED } from '../../../src/machine/walk-stage.ts'
import {
  instead,
  misreading,
  mismarking,
  readEntry,
  sparing,
  waitsFor,
  wordsOf,
  type Breakage,
} from '../breaking.ts'
import { asTold, broken } from './rule.ts'

/** Flags of the entries above the leaf, or of the leaf, do not count. */
const forgiving = (upper: boolean, set: number, clear = 0): Breakage =>
  misreading((word, { level }) =>
    isPresent(word) && upper === (level > 1 && !isLarge(word)) ? (word | set) & ~clear : word,
  )

/** A flag is not set in the entries of which this is true. */
const neverSets = (flag: number, where: (level: number) => boolean = () => true): Breakage =>
  mismarking((was, now, level) => (where(level) ? (now & ~flag) | (was & flag) : now))

/** Walks read memory, or what somebody has buffered, in place of what they should see. */
const reading = (
  value: (v: number, at: number) => (m: Parameters<typeof readEntry>[0]) => number,
): Breakage =>
  instead('walk', (before, m) => (v, a, b, c) => {
    const { at } = readEntry(m, a, b, c)
    const seen = value(v, at)(m)
    const { read } = m.buffer
    m.buffer.read = (cpu, word) => (word === at ? seen : read.call(m.buffer, cpu, word))
    const result = before(v, a, b, c)
    m.buffer.read = read
    return result
  })

export const walk = [
  broken('R/W of upper entries does not count', forgiving(true, RW)),
  broken('R/W of the leaf does not count', forgiving(false, RW)),
  broken('U/S of upper entries does not count', forgiving(true, US)),
  broken('U/S of the leaf does not count', forgiving(false, US)),
  broken('XD of upper entries does not count', forgiving(true, 0, XD)),
  broken('XD of the leaf does not count', forgiving(false, 0, XD)),
  broken('the protection key of the leaf does not count', forgiving(false, 0, withKey(3))),
  broken(
    'reserved bits do not count',
    misreading((word) => word & ~RSVD),
  ),
  broken(
    'XD is no reserved bit while NXE is clear',
    misreading((word, _level, v, m) => (controlsOf(m, v) & NXE ? word : word & ~XD)),
  ),
  broken(
    'an entry that is not present has its reserved bits looked at',
    misreading((word) => (word & RSVD ? word | P : word)),
  ),
  broken(
    'the walk goes on from an entry that is not present',
    misreading((word) => (frameOf(word) !== 0 && (word & RSVD) === 0 ? word | P : word)),
  ),
  broken(
    'PS is ignored: a large page is taken for a table',
    misreading((word) => word & ~PS),
  ),
  broken(
    'G of upper entries counts',
    misreading((word, { level, page }, v, m) => {
      const above = tableFor(m, m.S[m.cr3 + v], 2, page)
      return level === 1 && above !== 0 ? word | (m.S[m.entryAt(above, 2, page)] & G) : word
    }),
  ),
  broken(
    'G of the leaf is ignored',
    misreading((word) => word & ~G),
  ),
  broken(
    'G makes a translation global while PGE is clear',
    instead('walk', (before, m) => (v, ...args) => {
      if (m.controls < 0 || !m.config.globals) return before(v, ...args)
      const own = m.S[m.controls + v]
      m.S[m.controls + v] |= PGE
      const result = before(v, ...args)
      m.S[m.controls + v] = own
      return result
    }),
  ),

  broken('A is never set', neverSets(A)),
  broken(
    'A of upper entries is set after they were cached',
    neverSets(A, (level) => level > 1),
  ),
  broken(
    'A of the leaf is not set',
    neverSets(A, (level) => level === 1),
  ),
  asTold('the page walk does not set D'),
  broken(
    'a read sets D',
    mismarking((_was, now, level, result) => (level === 1 && result === FILLED ? now | D : now)),
  ),
  broken(
    'D is set above the leaf',
    mismarking((_was, now, level) => (level > 1 && isPresent(now) ? now | D : now)),
  ),
  broken(
    'A is set in a leaf that forbids the access',
    mismarking((_was, now, level, result) =>
      level === 1 && result === FAULT && isPresent(now) ? now | A : now,
    ),
  ),
  asTold('the page walk of a read fills the TLB as dirty'),
  broken(
    'a write fills the TLB as clean',
    instead('walk', (before, m) => (...args) => {
      const result = before(...args)
      if (result === FILLED) for (const at of wordsOf(m, 'TLB')) m.S[at] &= ~CACHED_D
      return result
    }),
  ),
  broken('a walk fills no TLB entry', sparing('walk', 'TLB')),
  broken('a walk fills no paging-structure cache', sparing('walk', 'paging-structure cache')),
  broken(
    'an upper-level entry is cached without its R/W',
    instead('start walk', (before, m) => (...args) => {
      const words = wordsOf(m, 'paging-structure cache')
      const kept = words.map((at) => m.S[at])
      for (const at of words) if (m.S[at] !== 0) m.S[at] |= ALL_RIGHTS
      const result = before(...args)
      words.forEach((at, i) => (m.S[at] = kept[i]))
      return result
    }),
  ),

  broken(
    'a walk does not see the stores that its own CPU has buffered',
    reading((_v, at) => (m) => m.S[at]),
  ),
  broken(
    'a walk sees the stores that other CPUs have buffered',
    reading((v, at) => (m) => {
      const other = Array.from({ length: m.config.vcpus }, (_, cpu) => cpu).find(
        (cpu) => cpu !== v && m.buffer.holds(cpu, at),
      )
      return m.buffer.read(other ?? v, at)
    }),
  ),
  broken('a walk sets A and D in an entry that is still in the store buffer', waitsFor('walk')),
]
