/** Policies of the user's own, from a module of theirs. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { fail, ShootdownError } from '../errors.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import { checkPolicy } from './define.ts'

/**
 * The policies that a module exports: its default export, or every export that is one.
 * @throws ShootdownError if the file cannot be loaded, or exports none
 */
export async function policiesFrom(file: string): Promise<AnyPolicy[]> {
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
