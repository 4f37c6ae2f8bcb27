/**
 * The door for vitest: `describePolicy(policy)` registers a suite that hunts, verifies within bounds, looks for
 * waits without end, and replays the policy's corpus. A race fails its test with the lane diagram as the message, with what
 * matters in it, and with the commands that say more.
 */
import { afterAll, describe, expect, test } from 'vitest'
import {
  casesOf,
  checkByHunting,
  checkByVerifying,
  checkCase,
  checkLiveness,
  type CheckOptions,
  type Finding,
} from '../check/check.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { tellVerification } from '../verify/verify.ts'

export interface DescribePolicyOptions extends CheckOptions {
  /** Milliseconds that a test may take. Default 60,000. */
  readonly timeout?: number
  /** Print a line about what was explored once the suite has passed. Default true. */
  readonly summary?: boolean
}

/** A test failure whose message is all that there is to read: the stack would only show this file. */
class PolicyFailure extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'PolicyFailure'
    this.stack = `${this.name}: ${message}`
  }
}

/** Registers the suite of a policy. Call it at the top level of a test file, or within `describe`. */
export function describePolicy(policy: AnyPolicy, options: DescribePolicyOptions = {}): void {
  const { timeout = 60_000, summary = true, ...check } = options
  const said: string[] = []
  const settle = ({ passed, message }: Finding): void => {
    if (!passed) throw new PolicyFailure(message)
    if (!message.includes('\n')) said.push(message)
  }
  const broken = policy.expected === 'broken'
  describe(policy.name, () => {
    test(broken ? 'is caught by random search' : 'survives random search', { timeout }, () =>
      settle(checkByHunting(policy, check)),
    )
    test(
      broken ? 'is caught within bounds' : 'is verified within bounds',
      { timeout },
      async ({ annotate }) => {
        const finding = checkByVerifying(policy, check)
        await annotate(tellVerification(policy, finding.verification))
        settle(finding)
        if (!broken) expect(finding.verification.witnesses, 'dangerous situations reached').not.toEqual([])
      },
    )
    // A policy that is stated to be broken has said that it may do anything.
    if (!broken)
      test('never waits for ever within bounds', { timeout }, () => settle(checkLiveness(policy, check)))
    const { cases, problems } = casesOf(policy, check.corpus)
    for (const kept of cases)
      test(`corpus case ${kept.case.id}`, { timeout }, () => settle(checkCase(policy, kept)))
    if (problems.length > 0) {
      test('corpus can be read', () => {
        throw new PolicyFailure(problems.join('\n'))
      })
    }
    if (summary) afterAll(() => void (said.length > 0 && process.stdout.write(`${said.join('\n')}\n`)))
  })
}
