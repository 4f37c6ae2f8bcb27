/** Every shipped case, replayed: it shows what it was kept for, against every policy it is tried on. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectedOutcome, policies, replayCase, ShootdownError, type Case } from '../../src/index.ts'
import { SHIPPED_IDS, caseOf, cases, policyOf } from './shipped.ts'

const OUTCOMES = ['reproduced', 'fixed', 'diverged']

describe.each(cases)('$id', (kept) => {
  const policy = policyOf(kept.policy)

  it('is reproduced by its own policy, at its last step, for the reason that it gives', () => {
    const { outcome, step, reason, rows } = replayCase(kept, policy)
    expect({ outcome, step, reason }).toEqual({
      outcome: 'reproduced',
      step: kept.schedule.length,
      reason: kept.explanation,
    })
    expect(rows.map(({ name, main }) => ({ do: name, step: main.asked }))).toEqual(
      kept.schedule.map(({ do: name, step }) => ({ do: name, step })),
    )
  })

  const isCured = SHIPPED_IDS.includes(kept.id) && policy.fixedBy !== undefined
  it.runIf(isCured)('is fixed by the policy that cures it', () => {
    const { outcome, step, reason } = replayCase(kept, policyOf(policy.fixedBy!))
    expect({ outcome, step, reason }).toEqual({
      outcome: 'fixed',
      step: kept.schedule.length,
      reason: 'the schedule runs to its end and nothing breaks',
    })
  })

  it('ends in exactly one way against every policy that knows its operations', () => {
    for (const other of policies) {
      try {
        const { outcome, step, reason } = replayCase(kept, other)
        expect(OUTCOMES).toContain(outcome)
        expect(step).toBeGreaterThan(0)
        expect(step).toBeLessThanOrEqual(kept.schedule.length)
        expect(reason).not.toBe('')
        if (outcome === 'diverged') expect(reason).toMatch(new RegExp(`^(at|after) step ${step} `))
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(ShootdownError)
        expect((thrown as ShootdownError).message).toMatch(
          new RegExp(`^${kept.id}: operation "\\w+" is not known to policy "${other.name}"; known: `),
        )
      }
    }
  })
})

it('all that is shipped is there', () => {
  const ids = new Set(cases.map(({ id }) => id))
  expect(SHIPPED_IDS.filter((id) => !ids.has(id))).toEqual([])
})

it('what a replay should end in follows from the claim of the policy, unless the case says otherwise', () => {
  const kept = caseOf('hyperv-list')
  expect(expectedOutcome(kept, policyOf('hyperv-list'))).toBe('reproduced')
  expect(expectedOutcome(kept, policyOf('native-ipi'))).toBe('fixed')
  const { expected: _expected, ...unclaimed } = policyOf('hyperv-list')
  expect(expectedOutcome(kept, unclaimed)).toBe('fixed')
  expect(expectedOutcome({ ...kept, expect: 'fixed' }, policyOf('hyperv-list'))).toBe('fixed')
})

/** A schedule that somebody has taken steps out of, doubled and shuffled. */
const disturbed = fc.constantFrom(...cases).chain((kept) =>
  fc.record({
    kept: fc.constant(kept),
    schedule: fc.array(fc.constantFrom(...kept.schedule), { minLength: 1, maxLength: 25 }),
    policy: fc.constantFrom(...policies),
  }),
)

it('any schedule at all ends in exactly one way, and in the same one the next time', () => {
  const asRead = ({ kept, schedule }: { kept: Case; schedule: Case['schedule'] }): Case => ({
    ...kept,
    schedule,
  })
  fc.assert(
    fc.property(disturbed, ({ kept, schedule, policy }) => {
      const knows = kept.workload
        .flat()
        .every(({ op }) => op !== 'turn_key' || policy.operations?.turn_key !== undefined)
      fc.pre(knows)
      const first = replayCase(asRead({ kept, schedule }), policy)
      expect(OUTCOMES).toContain(first.outcome)
      expect(replayCase(asRead({ kept, schedule }), policy)).toEqual(first)
    }),
    { numRuns: 60 },
  )
})
