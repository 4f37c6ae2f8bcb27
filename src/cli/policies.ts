/** Which policies a command is about: named ones, one from a file of the user's own, or all. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { fail, ShootdownError } from '../errors.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { checkPolicy, withOptions } from '../policies/define.ts'
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

/** The policies that a module exports: its default export, or every export that is one. */
async function policiesFrom(file: string): Promise<AnyPolicy[]> {
  const path = resolve(file)
  if (!existsSync(path)) throw fail.policyFile(file, 'there is no such file')
  let module: Record<string, unknown>
  try {
    module = (await import(pathToFileURL(path).href)) as Record<string, unknown>
  } catch (cause) {
    if (cause instanceof ShootdownError) throw fail.policyFile(file, cause.message)
    throw fail.policyFile(
      file,
      `could not be loaded (${String(cause instanceof Error ? cause.message : cause).split('\n')[0]})`,
    )
  }
  if (module.default !== undefined) {
    checkPolicy(file, module.default)
    return [module.default]
  }
  const found = Object.values(module).filter(
    (value) => typeof value === 'object' && value !== null && 'flush' in value,
  )
  if (found.length === 0) throw fail.policyFile(file, 'it exports no policy')
  return found.map((value) => {
    checkPolicy(file, value)
    return value
  })
}
