/** The certified races of the corpora, with the policies that they are races of. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { policies, raceOfCase, readCorpus, type Case, type Policy, type Race } from '../../src/index.ts'

const root = join(import.meta.dirname, '../..')
const bugs = readdirSync(join(root, 'bugs')).filter((file) => file.endsWith('.ts'))
const modules = await Promise.all(
  bugs.map(async (file) => (await import(join(root, 'bugs', file))) as { broken: Policy; fixed: Policy }),
)
const known = [...policies, ...modules.flatMap(({ broken, fixed }) => [broken, fixed])]

export const keptRaces: readonly { readonly kept: Case; readonly file: string }[] = ['corpus', 'bugs/corpus']
  .flatMap((folder) => readCorpus(join(root, folder)).cases)
  .map(({ case: kept, file }) => ({ kept, file }))

export function raceOf(kept: Case): Race {
  const policy = known.find(({ name }) => name === kept.policy)
  if (policy === undefined) throw new Error(`${kept.policy} is not known`)
  return raceOfCase(kept.id, kept, policy)
}

/** The race whose case begins with this. */
export function raceNamed(name: string): Race {
  const found = keptRaces.find(({ kept }) => kept.id.startsWith(name))
  if (found === undefined) throw new Error(`there is no case ${name}`)
  return raceOf(found.kept)
}
