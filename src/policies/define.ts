/** How policies are made: checked once, when the module that defines one is loaded. */
import type { z } from 'zod'
import { fail } from '../errors.ts'
import { guestOperations } from '../guest/operations/index.ts'
import { optionsOf, policySchema } from '../guest/policy-schema.ts'
import type { AnyPolicy, Policy } from '../guest/policy.ts'
import type { SharedDeclaration } from '../machine/word.ts'

/**
 * Declares a flush policy. See {@link Policy} for what each part means.
 * @throws ShootdownError if a part is missing or of the wrong kind; the sentence names it.
 */
export function definePolicy<
  // oxlint-disable-next-line typescript/no-generated-empty-object-type -- a policy without variables has none, not any
  const D extends Record<string, SharedDeclaration> = Record<never, never>,
  const O extends z.ZodType = z.ZodType,
>(policy: Policy<D, O>): Policy<D, O> {
  checkPolicy('definePolicy', policy)
  return policy
}

/**
 * The same policy with options of its own.
 * @throws ShootdownError if the policy has no options, or they do not fit its schema.
 */
export function withOptions<P extends AnyPolicy>(policy: P, given: Readonly<Record<string, unknown>>): P {
  if (Object.keys(given).length === 0) return policy
  if (policy.options === undefined) {
    throw fail.policyOptions(policy.name, Object.keys(given)[0], 'this policy has no options')
  }
  return { ...policy, chosen: optionsOf(policy, given) }
}

/** Checks that something is a policy; `source` says where it came from. */
export function checkPolicy(source: string, policy: unknown): asserts policy is AnyPolicy {
  const parsed = policySchema.safeParse(policy)
  if (parsed.success) {
    const shadowed = Object.keys(parsed.data.operations ?? {}).find((op) =>
      Object.hasOwn(guestOperations, op),
    )
    if (shadowed !== undefined)
      throw fail.badPolicy(source, `"operations.${shadowed}" is the name of a guest operation`)
    const { operations, workload } = parsed.data
    const known = [...Object.keys(guestOperations), ...Object.keys(operations ?? {})]
    const unknown = workload?.find((op) => !known.includes(op))
    if (unknown !== undefined) {
      const list = known.join(', ')
      throw fail.badPolicy(source, `"workload" names "${unknown}"; there are: ${list}`)
    }
    return
  }
  const issue = parsed.error.issues[0]
  const at = issue.path.length === 0 ? 'the policy' : `"${issue.path.join('.')}"`
  throw fail.badPolicy(source, `${at}: ${issue.message}`)
}
