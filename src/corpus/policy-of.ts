/** The policy that a case is about, among those at hand. */
import { fail } from '../errors.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import type { Case } from './schema.ts'

/** @throws ShootdownError if there is none of that name; the sentence lists those that there are. */
export function policyOfCase({ policy }: Pick<Case, 'policy'>, known: readonly AnyPolicy[]): AnyPolicy {
  const found = known.find(({ name }) => name === policy)
  if (found !== undefined) return found
  throw fail.unknownPolicy(
    policy,
    known.map(({ name }) => name),
  )
}
