/**
 * Where another thread gets a policy from. Code does not travel between threads, so a policy that is to be known on several
 * is one that all of them can import: a shipped one, or one that a module of the user's exports. Its options are data.
 */
import type { AnyPolicy } from '../guest/policy.ts'
import { policiesFrom } from '../policies/from-file.ts'
import { policies } from '../policies/index.ts'

export interface PolicySource {
  readonly name: string
  /** The module that exports it; absent for a shipped policy. */
  readonly file: string | undefined
  /** Its options, as they were checked. */
  readonly chosen: unknown
}

/** Where to import a policy from; undefined for one that is neither shipped nor exported by `file`. */
export async function sourceOf(
  policy: AnyPolicy,
  file: string | undefined,
): Promise<PolicySource | undefined> {
  const { name, chosen } = policy
  if (!isData(chosen)) return undefined
  if (policies.some((each) => isSame(each, policy))) return { name, file: undefined, chosen }
  if (file === undefined) return undefined
  const own = await policiesFrom(file)
  // Only the first of a name would be found again.
  const first = own.find((each) => each.name === name)
  return first !== undefined && isSame(first, policy) ? { name, file, chosen } : undefined
}

/** Imports a policy. */
export async function policyFrom({ name, file, chosen }: PolicySource): Promise<AnyPolicy> {
  const known = file === undefined ? policies : await policiesFrom(file)
  const policy = known.find((each) => each.name === name)!
  return chosen === undefined ? policy : { ...policy, chosen }
}

/** Whether two policies are one, but for the options. */
function isSame({ chosen: _one, ...one }: AnyPolicy, { chosen: _other, ...other }: AnyPolicy): boolean {
  const parts = Object.entries(one)
  const others: Readonly<Record<string, unknown>> = other
  return parts.length === Object.keys(others).length && parts.every(([key, part]) => others[key] === part)
}

function isData(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}
