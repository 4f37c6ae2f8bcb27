/** How policies are made: checked once, when the module that defines one is loaded. */
import { fail } from '../errors.ts'
import { policySchema, type Policy } from '../guest/policy.ts'
import type { SharedDeclaration } from '../guest/kernel.ts'

/**
 * Declares a flush policy. See {@link Policy} for what each part means.
 * @throws ShootdownError if a part is missing or of the wrong kind; the sentence names it.
 */
export function definePolicy<const D extends Record<string, SharedDeclaration> = Record<never, never>>(
  policy: Policy<D>,
): Policy<D> {
  checkPolicy('definePolicy', policy)
  return policy
}

/** Checks that something is a policy; `source` says where it came from. */
export function checkPolicy(source: string, policy: unknown): asserts policy is Policy {
  const parsed = policySchema.safeParse(policy)
  if (parsed.success) return
  const issue = parsed.error.issues[0]
  const at = issue.path.length === 0 ? 'the policy' : `"${issue.path.join('.')}"`
  throw fail.badPolicy(source, `${at}: ${issue.message}`)
}
