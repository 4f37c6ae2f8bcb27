/**
 * Outside data that tests compare with: in the folder that SHOOTDOWN_REFERENCE names, by default beside the project.
 * Where it is not there, the tests say in one line what was not checked, and pass.
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = resolve(root, process.env['SHOOTDOWN_REFERENCE'] ?? '../shared/reference')

/** The path of a file or folder of outside data, or undefined; then it says so once. */
export function reference(name: string, what: string): string | undefined {
  const path = resolve(folder, name)
  if (existsSync(path)) return path
  process.stdout.write(
    `not checked: ${what} (${name} is not in ${folder}; SHOOTDOWN_REFERENCE names another folder)\n`,
  )
  return undefined
}
