/** Broken rules of INVLPG, and of what a page fault drops. */
import { UNFINISHED } from '../../../src/machine/access-result.ts'
import { CACHED_G, CACHED_PS, VALID } from '../../../src/machine/cached.ts'
import { STEP, whoOf } from '../../../src/scenario/transition.ts'
import type { World } from '../../../src/scenario/world.ts'
import {
  alsoDropping,
  applying,
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

/** An access that faults leaves what it would have dropped of these fields. */
const faultSparing = (...fields: readonly string[]): Breakage =>
  applying(STEP, (t, before, world) => {
    const { machine } = world
    if (!isAccess(world, whoOf(t))) return before()
    const held = fields.flatMap((field) => wordsOf(machine, field)).filter((at) => machine.S[at] & VALID)
    const words = held.map((at) => machine.S[at])
    before()
    held.forEach((at, i) => (machine.S[at] ||= words[i]))
  })

const isAccess = (world: World, v: number): boolean => {
  const node = v < world.machine.walkers ? world.nextNode(v) : UNFINISHED
  return node >= 0 && world.co.steps[node].op.name === 'access'
}

export const invlpg = [
  asTold('INVLPG drops nothing'),
  broken('INVLPG drops no TLB entries', sparing('INVLPG', 'TLB')),
  asTold('INVLPG drops no paging-structure caches'),
  broken(
    'INVLPG leaves global translations',
    sparingThose('INVLPG', 'TLB', (word) => (word & CACHED_G) !== 0),
  ),
  broken(
    'INVLPG drops the translations that other PCIDs have of its page',
    instead('INVLPG', (before, m) => (v, ...args) => {
      for (let pcid = 0; pcid < m.config.pcids; pcid++) underPcid(m, v, pcid, () => before(v, ...args))
      return before(v, ...args)
    }),
  ),
  broken(
    'INVLPG drops every page: none stays',
    instead('INVLPG', (before, m) => (v, _pages, b, c) => before(v, 2 ** m.config.pages.length - 1, b, c)),
  ),
  broken(
    'INVLPG drops the pages of all CPUs',
    instead('INVLPG', (before, m) => (_v, ...args) => {
      for (let cpu = 0; cpu < m.config.vcpus; cpu++) before(cpu, ...args)
      return 0
    }),
  ),
  broken(
    'INVLPG drops the page beside that of its address',
    instead('INVLPG', (before, m) => (v, pages, b, c) => {
      const last = 1 << (m.config.pages.length - 1)
      return before(v, pages === last ? 1 : pages << 1, b, c)
    }),
  ),
  broken(
    'INVLPG drops one piece of a large page, and leaves the others',
    instead('INVLPG', (before, m) => (v, pages, b, c) => {
      const places = wordsOf(m, 'TLB')
      const others = places.filter(
        (at, i) => m.S[at] & CACHED_PS && (pages & (1 << (i % m.config.pages.length))) === 0,
      )
      return keeping(m, others, () => before(v, pages, b, c))
    }),
  ),
  asTold('INVLPG lets a speculative walk go on'),
  broken('INVLPG does not wait for the stores before it', undrained('INVLPG')),
  broken(
    'INVLPG drops all upper-level entries although TCE is on',
    instead('INVLPG', (before, m) => (v, ...args) => {
      const result = before(v, ...args)
      if (m.config.tce) for (const at of wordsOf(m, STRUCTURES)) m.S[at] = 0
      return result
    }),
  ),
  broken(
    'INVLPG with TCE leaves the upper-level entries on its path',
    instead('INVLPG', (before, m) => {
      const structures = m.config.tce ? wordsOf(m, STRUCTURES) : []
      return (...args) => keeping(m, structures, () => before(...args))
    }),
  ),
  broken(
    'INVLPG of an address that nothing maps at the start leaves the large page around it',
    instead('INVLPG', (before) => (v, pages, _b, c) => before(v, pages, 0, c)),
  ),
  broken(
    'MFENCE drops the TLB',
    alsoDropping('mfence', 'TLB', () => true),
  ),
  broken('a page fault drops no translation, and the access faults twice', faultSparing('TLB')),
  broken('a page fault drops no paging-structure caches', faultSparing(STRUCTURES)),
]
