/** What people read, word for word: any change of it is seen here, and taken over with `vitest run -u`. */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../corpus/folder.ts'
import { caseOf, SHIPPED_IDS } from '../corpus/shipped.ts'
import { SHIPPED, shootdown } from './drive.ts'

/**
 * A report without what differs from run to run (seconds, folders, the number of the run that was lucky), and without
 * what test/quality pins: the digests of cases and the numbers of states.
 */
const timeless = (text: string, folder: string): string =>
  text
    .replaceAll(folder, 'FOLDER')
    .replaceAll(/\(\d+\.\d s\)/g, '(N s)')
    .replaceAll(/(?<=would take ).*/g, 'SO LONG')
    .replaceAll(/-[0-9a-f]{8}(?=\W)/g, '-DIGEST')
    .replaceAll(/\b[\d,]+(?= (states|transitions))/g, 'N')
    .replaceAll(/ run [\d,]+ of seed (\d+), \d+ steps long then/g, ' run N of seed $1, N steps long then')

async function compare(name: string, argv: string[], folder: string): Promise<void> {
  const { status, out, err } = await shootdown(argv)
  expect({ status, err }).toEqual({ status: 0, err: '' })
  await expect(timeless(out, folder)).toMatchFileSnapshot(`golden/${name}.txt`)
}

it('hunt', async () => {
  const folder = temporaryFolder()
  await compare(
    'hunt',
    [
      'hunt',
      '--policy',
      'hyperv-list',
      '--strategy',
      'pct',
      '--seed',
      '2',
      '--runs',
      '4000',
      '--speculation',
      '0',
      '--corpus',
      folder,
    ],
    folder,
  )
})

it('replay', async () => {
  const folder = temporaryFolder()
  for (const id of SHIPPED_IDS) copyFileSync(join(SHIPPED, `${id}.json`), join(folder, `${id}.json`))
  await compare('replay', ['replay', '--corpus', folder], folder)
})

it('show', async () => {
  await compare('show', ['show', caseOf('hyperv-list').id, caseOf('xen-pv').id, '--corpus', SHIPPED], SHIPPED)
})

it('show explained', async () => {
  const argv = ['show', caseOf('amd-invlpgb').id, '--corpus', SHIPPED, '--explain', '--generalize']
  await compare('show-explained', argv, SHIPPED)
})

it('policies', async () => {
  await compare('policies', ['policies'], SHIPPED)
})

it('verify', async () => {
  await compare('verify', ['verify', '--policy', 'native-ipi', '--speculation', '0'], SHIPPED)
})

it('hunt that finds nothing', async () => {
  const folder = temporaryFolder()
  const few = ['--runs', '4000', '--speculation', '0', '--operations', '3']
  await compare('hunt-clean', ['hunt', '--policy', 'native-ipi', ...few, '--corpus', folder], folder)
})

it('hunt that has time for everything', async () => {
  const folder = temporaryFolder()
  const all = ['--time', '600', '--speculation', '0', '--operations', '1']
  await compare('hunt-enumerated', ['hunt', '--policy', 'native-ipi', ...all, '--corpus', folder], folder)
})

it('repair', async () => {
  const argv = ['repair', caseOf('hyperv-list').id, '--corpus', SHIPPED, '--operations', '1']
  await compare('repair', argv, SHIPPED)
})
