/** Why a case is kept: what is said, word for word, and of cases of which less is known. */
import { expect, it } from 'vitest'
import { policies, why, type Case } from '../../src/index.ts'
import { caseOf } from './shipped.ts'
import { known, localCase } from './small.ts'

const at = (each: Case) => ({ file: `${each.id}.json`, case: each })
const shipped = caseOf('hyperv-list')

it('says what a case shows, where it is from, what is proven, which order is the bug, and what cures it', () => {
  const { sentences, ...verdicts } = why(at(shipped), policies)
  expect(verdicts).toEqual({
    replayed: 'reproduced',
    expected: 'reproduced',
    cure: { policy: 'hyperv-rcu', outcome: 'fixed' },
  })
  expect(sentences[0]).toContain(`violates software-walk: ${shipped.explanation}.`)
  expect(sentences[1]).toMatch(
    /^It was found by run [\d,]+ of seed 1, strategy portfolio, in version 0\.1\.0\.$/,
  )
  expect(sentences[2]).toMatch(
    /^Minimal: .* Nothing smaller breaks this invariant there, whatever the workload\.$/,
  )
  expect(sentences[3]).toMatch(
    /^The bug is this order: \d+ \(cpu1: .+\) before \d+ \(cpu0: .+\)\. \d+ of the \d+ orders/,
  )
  expect(sentences[4]).toMatch(/^Replayed today, it is reproduced at step 9: /)
  expect(sentences[5]).toMatch(/^Policy "hyperv-rcu" is said to cure it, and does: /)
})

it('says the same where the explanation is not kept but established anew', () => {
  const { explained: _explained, ...rest } = shipped
  expect(why(at(rest), policies).sentences).toEqual(why(at(shipped), policies).sentences)
})

it('says of a local case that more may be found out', () => {
  const { sentences } = why(at(localCase(2)), known)
  expect(sentences[2]).toMatch(
    /^Small, but only locally minimal: .*`shootdown corpus minimize` tries once more/,
  )
  expect(sentences[3]).toBe(
    'Which order of its steps is the bug is not established: it may have steps that say nothing.',
  )
})

it('says so where the cure is none, or is not at hand, and where nothing is known of the finding', () => {
  const policy = policies.find(({ name }) => name === shipped.policy)!
  const last = (fixedBy: string): string =>
    why(at(shipped), [{ ...policy, fixedBy }, ...policies.slice(2)]).sentences[5]
  expect(last('hyperv-space')).toMatch(
    /^Policy "hyperv-space" is said to cure it, but does not: it is (reproduced|diverged) there: /,
  )
  expect(last('away')).toMatch(
    /^Policy "away" is said to cure it; that could not be tried: There is no policy named "away"/,
  )
  const { found: _found, ...anonymous } = shipped
  expect(why(at(anonymous), policies).sentences[1]).toBe('How it was found is not kept.')
})

it('says that a case is fixed once its policy is repaired, and that this was not expected', () => {
  const cure = policies.find(({ name }) => name === 'hyperv-rcu')!
  const { explained: _explained, ...rest } = shipped
  const repaired = [{ ...cure, name: shipped.policy, expected: 'broken' as const }]
  const { sentences, replayed, cure: none } = why(at(rest), repaired)
  expect([replayed, none]).toEqual(['fixed', undefined])
  expect(sentences.slice(3)).toEqual([
    'Which order of its steps is the bug is not established: it is no race any more.',
    'Replayed today, it is fixed, where reproduced was expected: the schedule runs to its end and nothing breaks.',
    'No policy is named that cures it.',
  ])
})

it('refuses a case whose policy is not there', () => {
  expect(() => why(at({ ...shipped, policy: 'away' }), policies)).toThrow('There is no policy named "away"')
})
