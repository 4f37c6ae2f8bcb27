/** Which policies a command is about: named ones, one from a file of the user's own, or all. */
import { fail } from '../errors.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { withOptions } from '../policies/define.ts'
import { policiesFrom } from '../policies/from-file.ts'
import { policies, policyNamed } from '../policies/index.ts'
import { policyOptions, type Options } from './options.ts'

/** The policies that the options name; all shipped ones where they name none. */
export async function selectedPolicies(options: Options): Promise<readonly AnyPolicy[]> {
  const own = options.policyFile === undefined ? [] : await policiesFrom(options.policyFile)
  const names = [options.policy ?? []].flat()
  const given = policyOptions(options)
  if (names.length === 0) return (own.length > 0 ? own : policies).map((policy) => withOptions(policy, given))
  return names.map((name) => {
    const found = own.find((policy) => policy.name === name) ?? policyNamed(name)
    if (found === undefined)
      throw fail.unknownPolicy(
        name,
        [...own, ...policies].map((policy) => policy.name),
      )
    return withOptions(found, given)
  })
}

/** Everything known by name: the shipped policies and those of the user's file, which come first. */
export async function knownPolicies(options: Options): Promise<readonly AnyPolicy[]> {
  return [...(options.policyFile === undefined ? [] : await policiesFrom(options.policyFile)), ...policies]
}
