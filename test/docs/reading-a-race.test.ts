/** docs/reading-a-race.md shows what the commands print, its program comes out as it says, and its numbers are right. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { generalize, isEstablished } from '../../src/index.ts'
import { shootdown } from '../cli/drive.ts'
import { keptRaces, raceNamed } from '../explain/races.ts'

const root = join(import.meta.dirname, '../..')
const page = join(root, 'docs/reading-a-race.md')
const text = readFileSync(page, 'utf8')

it('what it shows is what the commands print (npx vitest run test/docs/reading-a-race.test.ts -u writes it)', async () => {
  let shown = text
  const blocks = [...text.matchAll(/^```console\n\$ npx shootdown ([^\n]*)\n.*?^```$/gms)]
  expect(blocks).toHaveLength(3)
  for (const [block, command] of blocks) {
    const { status, out, err } = await shootdown(command.split(' '))
    expect({ status, err }).toEqual({ status: 0, err: '' })
    shown = shown.replace(block, () => `\`\`\`console\n$ npx shootdown ${command}\n${out.trimEnd()}\n\`\`\``)
  }
  await expect(shown).toMatchFileSnapshot(page)
})

it('its program comes out as it says', async () => {
  const [, code] = /```ts\n(.*?)```/s.exec(text)!
  const folder = mkdtempSync(join(root, 'test', '.page-'))
  try {
    const file = join(folder, 'program.ts')
    writeFileSync(
      file,
      code.replace(`'shootdown'`, `'${new URL('../../src/index.ts', import.meta.url).href}'`),
    )
    const { outcome } = (await import(pathToFileURL(file).href)) as { outcome: unknown }
    expect(outcome).toEqual(JSON.parse(code.split('//=> ')[1]))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

it('its numbers are those of the corpora', () => {
  const steps = keptRaces.map(({ kept }) => kept.schedule.length)
  expect(text).toContain(`have ${Math.min(...steps)} to ${Math.max(...steps)} steps`)
  const inexact = keptRaces
    .map(({ kept }) => kept.explained!.orders)
    .filter(({ failing, extensions }) => failing !== extensions)
  const said = inexact.map(
    ({ failing, extensions }) => `${failing} of ${Number(extensions).toLocaleString('en')} linear`,
  )
  expect(said.filter((each) => text.includes(each))).toHaveLength(1)
  const general = generalize(raceNamed('lazy-cpumask-missing-mb'), { maxTransitions: 5000 })
  if (!isEstablished(general)) throw new Error('a few thousand transitions are not enough')
  expect(text).toContain(
    `${general.orders.toLocaleString('en')} orders, of which ${general.failing.toLocaleString('en')} fail`,
  )
})
