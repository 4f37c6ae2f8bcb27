/** What every case of the package and of the bugs claims is so: its certificate is proved again, and its size with it. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { policies, readCorpus, recertify } from '../../src/index.ts'
import { some } from '../thorough.ts'
import { broken } from './broken.ts'

const root = join(import.meta.dirname, '../..')
const kept = ['corpus', 'bugs/corpus'].flatMap((folder) => readCorpus(join(root, folder)).cases)

it.each(some(kept, 5).map((each) => [each.case.id, each] as const))('%s', (_, each) => {
  expect(recertify(each, [...policies, ...broken])).toMatchObject({ verdict: 'holds', differences: [] })
})
