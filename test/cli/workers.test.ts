/** --workers: the same report with any number, and a progress file that belongs to no number. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../corpus/folder.ts'
import { thorough } from '../thorough.ts'
import { policyFile, shootdown } from './drive.ts'

const timeless = (json: unknown): unknown =>
  JSON.parse(JSON.stringify(json, (key, value: unknown) => (key === 'seconds' ? 0 : value)))

it.each([
  ['a shipped policy', ['--policy', 'native-ipi', '--operations', '1']],
  ['a policy with options', ['--policy', 'hyperv-list', '--option', 'targets=sparse', '--operations', '1']],
])('%s is verified by two workers as by one', async (_name, argv) => {
  const one = await shootdown(['verify', '--json', ...argv])
  const two = await shootdown(['verify', '--json', '--workers', '2', ...argv])
  expect(timeless(two.json())).toEqual(timeless(one.json()))
  expect(two.status).toBe(one.status)
})

it.skipIf(!thorough)("a policy of the user's own is hunted by two workers as by one", async () => {
  const corpus = join(temporaryFolder(), 'corpus')
  const argv = ['--policy-file', policyFile(''), '--runs', '2100', '--cpus', '1', '--corpus', corpus]
  const one = await shootdown(['hunt', '--json', ...argv])
  const two = await shootdown(['hunt', '--json', '--workers', '2', ...argv])
  expect(timeless(two.json())).toEqual(timeless(one.json()))
  expect(existsSync(`${corpus}.hunt-progress.json`)).toBe(false)
})

it.each(['0', '-1', '1.5', '65', 'many'])('--workers %s is refused', async (workers) => {
  const { status, err } = await shootdown(['verify', '--workers', workers])
  expect(status).toBe(2)
  expect(err).toMatch(/^Option --workers is .*; expected a whole number from 1 to 64\.\n$/)
})
