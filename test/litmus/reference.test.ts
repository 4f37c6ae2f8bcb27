/**
 * The reference suite: 148 published tests with all of their final states. It is not part of this repository; where the
 * folder that SHOOTDOWN_REFERENCE names is absent, that is said and nothing else is checked.
 */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { checkFolder } from '../../src/litmus/check.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(resolve(root, process.env.SHOOTDOWN_REFERENCE ?? '../shared/reference'), 'litmus')
const verdicts = join(folder, 'verdicts.tsv')

it('has the final states of the reference suite, all of them and no others', (context) => {
  if (!existsSync(verdicts)) {
    console.log(`Not checked: the litmus tests of the reference suite, because there is no ${verdicts}.`)
    context.skip()
  }
  const { tests, equal, unequal, failed, filesWithoutRow, rowsWithoutFile } = checkFolder(folder, verdicts)
  expect({ unequal, failed, filesWithoutRow, rowsWithoutFile }).toEqual({
    unequal: [],
    failed: [],
    filesWithoutRow: [],
    rowsWithoutFile: [],
  })
  expect(equal).toBe(tests)
  expect(tests).toBeGreaterThanOrEqual(148)
})
