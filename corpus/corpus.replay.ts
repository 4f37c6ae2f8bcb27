/** Every case of the corpus once more: against its own policy, and against the policy that cures it. */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { expectedOutcome, policies, readCorpus, replayCase } from '../src/index.ts'

const folder = dirname(fileURLToPath(import.meta.url))
const { cases, problems } = readCorpus(folder)

test('every file can be read', () => {
  expect(problems.map(({ error }) => error.message)).toEqual([])
})

test('every policy that is stated to be broken has a case', () => {
  const broken = policies.filter(({ expected }) => expected === 'broken').map(({ name }) => name)
  expect(new Set(cases.map(({ case: kept }) => kept.policy))).toEqual(
    expect.objectContaining(new Set(broken)),
  )
})

describe.each(cases.map(({ case: kept }) => kept))('$id', (kept) => {
  const policy = policies.find(({ name }) => name === kept.policy)!
  const cure = policies.find(({ name }) => name === policy.fixedBy)

  test(`ends in ${expectedOutcome(kept, policy)}`, () => {
    const { outcome, reason } = replayCase(kept, policy)
    expect(outcome, reason).toBe(expectedOutcome(kept, policy))
  })

  test.runIf(kept.bounds.gupRecheck === 'pte')('diverges where gup_fast compares the PMD as well', () => {
    const { outcome, reason } = replayCase(kept, policy, { gupRecheck: 'pmd' })
    expect(outcome).toBe('diverged')
    expect(reason).toContain('re-check PMD')
  })

  // A cure that makes the workload's steps come in another order ends in `diverged`; what is shipped ends in `fixed`.
  test.skipIf(cure === undefined)(`is not reproduced by ${cure?.name}`, () => {
    const { outcome, reason } = replayCase(kept, cure!)
    expect(['fixed', 'diverged'], reason).toContain(outcome)
  })
})
