/**
 * Every bug of `bugs/` has a fixed twin. Where the vocabulary has words for what the fix did, the hint is a cure of that
 * kind; where it has not, it comes to some other cure, or says that there is none of one word.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { repair, replayCase, tellRepair, type RepairKind } from '../../src/index.ts'
import { keptRaces, raceNamed } from '../explain/races.ts'
import { some, thorough } from '../thorough.ts'
import { wordsOf } from './cases.ts'

interface Row {
  readonly bug: string
  /** The kind of what the fix did, if there is a word for it. */
  readonly twin?: RepairKind
  /** All cures, the cheapest of each kind; none where no word is one. */
  readonly words: readonly string[]
  /** True if a machine of as many CPUs as the race needs has to do: with one more, each candidate takes a minute. */
  readonly small?: boolean
}

const rows: readonly Row[] = [
  // The fix leaves the bit of the mask alone: it takes steps away. Whoever interrupts all CPUs needs no mask.
  { bug: 'cpu-bit-cleared-too-early', words: ['flush-all-by-ipi'] },
  // The fix leaves a control bit clear at boot.
  { bug: 'global-invlpg-pcid', words: [] },
  // The fix moves the frees behind the flush of the IOTLB.
  { bug: 'iommu-deferred-flush-vs-free', words: [] },
  { bug: 'kernel-huge-vmap-free-table', twin: 'ipi', words: ['flush-all-by-ipi'] },
  // The fix interrupts lazy CPUs as well if tables are freed.
  { bug: 'lazy-cpu-spec-walk', twin: 'ipi', words: ['flush-by-ipi'] },
  {
    bug: 'lazy-cpumask-missing-mb',
    twin: 'barrier',
    words: ['barrier', 'flush-all-local', 'sync-by-ipi', 'synchronize-rcu'],
  },
  // The fix moves the flush in front of the unlock; a second one there does as well. With two CPUs it can be a local one.
  { bug: 'mremap-late-flush', twin: 'ipi', words: ['flush-all-by-ipi', 'flush-all-local'], small: true },
  // The fix stores another value.
  { bug: 'nmi-uaccess-mid-switch', words: [] },
  // The fix loads CR3.
  { bug: 'pae-pdpte-not-invalidated', words: [] },
  // The fix looks before it stores.
  { bug: 'pv-preempted-flag-overwritten', words: ['flush-at-entry', 'flush-by-ipi'] },
  // The fix marks fewer vCPUs as preempted, and those that are not marked get an IPI.
  { bug: 'pv-preempted-mid-access', twin: 'ipi', words: ['flush-by-ipi'] },
  // The fix answers while it spins with interrupts off; with interrupts on, they are answered by themselves.
  { bug: 'shootdown-vs-irqoff-spin', words: ['interrupts-on'] },
  {
    bug: 'switch-mm-store-buffer',
    twin: 'barrier',
    words: ['barrier', 'flush-all-local', 'sync-by-ipi', 'synchronize-rcu'],
  },
  // The fix flushes the VPID at its first use.
  {
    bug: 'vpid02-reuse',
    twin: 'host-flush',
    words: ['flush-all-by-ipi', 'flush-all-local', 'flush-at-entry'],
  },
]

/** The one whose output docs/repair.md shows, behind its first line. */
const QUOTED = 'pae-pdpte-not-invalidated'
const page = readFileSync(join(import.meta.dirname, '../../docs/repair.md'), 'utf8')
const [, quoted] = new RegExp(`^${QUOTED}: no cure .*\\n((?:  .*\\n)+)`, 'm')
  .exec(page)!
  .map((text) => text.trimEnd())

const SLOW = new Set(['lazy-cpumask-missing-mb', 'mremap-late-flush', 'iommu-deferred-flush-vs-free'])

it('docs/repair.md counts them', () => {
  const names = 'none one two three four five six seven eight nine ten eleven twelve thirteen fourteen'.split(
    ' ',
  )
  const cured = rows.filter(({ words }) => words.length > 0)
  const alike = rows.filter(({ twin }) => twin !== undefined)
  const [all, ten, seven] = [rows, cured, alike].map(({ length }) => names[length])
  expect(page.replaceAll('\n', ' ')).toContain(
    `Of the ${all} bugs in \`bugs/\`, ${ten} have a cure of one word, ${seven} of them of the kind that the real fix was.`,
  )
})

it('the table has every bug', () => {
  const bugs = readdirSync(join(import.meta.dirname, '../../bugs')).filter((file) => file.endsWith('.ts'))
  expect(rows.map(({ bug }) => `${bug}.ts`)).toEqual(bugs.toSorted())
})

describe.each(
  some(
    rows.filter(({ bug }) => thorough || !SLOW.has(bug)),
    4,
  ),
)('$bug', ({ bug, twin, words, small }) => {
  const race = raceNamed(bug)
  const { kept } = keptRaces.find(({ kept: each }) => each.policy === bug)!
  const title = words.length === 0 ? 'has no cure of one word' : `is cured by ${words.join(', by ')}`

  it(`${title}${twin === undefined ? '' : ', in the way of its fix'}`, { timeout: 900_000 }, () => {
    const found = repair(race, { insertions: 1, ...(small === true && { bounds: race.bounds }) })
    expect(found.notEstablished).toBeUndefined()
    if (bug === QUOTED) expect(quoted).toEqual(tellRepair(found).slice(1).join('\n'))
    expect(wordsOf(found).flat().toSorted()).toEqual(words)
    if (twin !== undefined) expect(found.cures.map(({ kinds }) => kinds.join())).toContain(twin)
    for (const { policy } of found.cures) expect(replayCase(kept, policy).outcome).not.toBe('reproduced')
  })
})
