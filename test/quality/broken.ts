/** Every policy that is stated to be broken: the shipped ones, and those of the bugs. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { policies, type Policy } from '../../src/index.ts'

const folder = join(import.meta.dirname, '../../bugs')
const files = readdirSync(folder).filter((file) => file.endsWith('.ts'))
const bugs = await Promise.all(
  files.map(async (file) => ((await import(join(folder, file))) as { broken: Policy }).broken),
)

export const broken: readonly Policy[] = [
  ...policies.filter(({ expected }) => expected === 'broken'),
  ...bugs,
]

export function brokenNamed(name: string): Policy {
  const found = broken.find((policy) => policy.name === name)
  if (found === undefined) throw new Error(`no policy ${name} is broken`)
  return found
}
