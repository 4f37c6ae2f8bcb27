/**
 * Every shipped broken policy is cured by the vocabulary, over the whole space of two operations, and in the way of its
 * fixed twin where the vocabulary has the words for it.
 */
import { describe, expect, it } from 'vitest'
import { policies, repair, replayCase, type RepairKind } from '../../src/index.ts'
import { caseOf } from '../corpus/shipped.ts'
import { thorough } from '../thorough.ts'
import { raceOf, wordsOf } from './cases.ts'

interface Row {
  readonly policy: string
  readonly invariant?: string
  /** The kinds of the twin's cure: what it does that the broken policy does not. */
  readonly twin: readonly RepairKind[]
  /** What must be among the cures. */
  readonly words: readonly string[]
}

const rows: readonly Row[] = [
  { policy: 'hyperv-list', twin: ['rcu'], words: ['free-by-rcu'] },
  { policy: 'hyperv-space', twin: ['rcu'], words: ['free-by-rcu'] },
  { policy: 'xen-pv', twin: ['rcu'], words: ['free-by-rcu'] },
  // The twin sends an empty IPI where no batch page can be had.
  { policy: 'rcu-no-fallback', twin: ['ipi'], words: ['sync-by-ipi'] },
  // The twin flushes by IPI when a collapse asks for it.
  { policy: 'serialization-flag', twin: ['ipi'], words: ['sync-by-ipi'] },
  // The twin makes every operation a reader, which no word does, and waits a grace period when the key is turned.
  { policy: 'static-key-early', twin: ['rcu'], words: ['free-by-rcu'] },
  { policy: 'amd-invlpgb', twin: ['rcu'], words: ['free-by-rcu'] },
  { policy: 'intel-rar', twin: ['rcu'], words: ['free-by-rcu'] },
  { policy: 'flush-nobody', invariant: 'frame-lifetime', twin: ['ipi'], words: ['flush-by-ipi'] },
  // The twin flushes behind the unhooking: its local flush and its IPI are one word.
  {
    policy: 'flush-before-unhook',
    invariant: 'software-walk',
    twin: ['ipi'],
    words: ['flush-all-by-ipi'],
  },
  { policy: 'free-before-ack', invariant: 'stale-translation', twin: ['ack'], words: ['await-acks'] },
]

it('the table has every shipped policy that has a fixed twin', () => {
  const broken = policies.filter(({ fixedBy }) => fixedBy !== undefined).map(({ name }) => name)
  expect(rows.map(({ policy }) => policy).toSorted()).toEqual(broken.toSorted())
})

describe.each(thorough ? rows : rows.filter(({ policy }) => policy === 'hyperv-list'))(
  '$policy',
  ({ policy, invariant, twin, words }) => {
    it('is cured in the way of its twin, which replays its race as fixed', { timeout: 900_000 }, () => {
      const found = repair(raceOf(policy, invariant))
      expect(found.notEstablished).toBeUndefined()
      const alike = found.cures.find(({ kinds }) => kinds.join() === twin.join())
      expect(alike, `kinds ${found.cures.map(({ kinds }) => kinds.join()).join(' or ')}`).toBeDefined()
      expect(wordsOf(found).map((each) => each.toSorted())).toContainEqual(words.toSorted())
      for (const cure of found.cures)
        expect(replayCase(caseOf(policy, invariant), cure.policy).outcome).toBe('fixed')
    })
  },
)
