/** docs/reading-a-race.md shows what the commands print, its program comes out as it says, and its numbers are right. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { generalize, isEstablished, vocabulary } from '../../src/index.ts'
import { shootdown } from '../cli/drive.ts'
import { keptRaces, raceNamed } from '../explain/races.ts'
import { thorough } from '../thorough.ts'
import { finds } from './finds.ts'

const root = join(import.meta.dirname, '../..')
const page = join(root, 'docs/reading-a-race.md')
const text = readFileSync(page, 'utf8')

/** Commands on the page, in its order: what one of them keeps, a later one tells of. */
const blocks = [...text.matchAll(/^```console\n\$ npx shootdown ([^\n]*)\n.*?^```$/gms)].map(
  ([block, command]) => ({ block, command }),
)
/** Two races are proved and cured in some ten seconds each, and leave that to a thorough run. */
const isSlow = (command: string): boolean =>
  /^(repair|corpus (dedupe|minimize|recertify)) /.test(command) && !command.includes('spin')

/** What the commands print; those that are left out have what the page says. */
async function printed(): Promise<string> {
  const folder = finds()
  let shown = text
  for (const { block, command } of blocks) {
    if (isSlow(command) && !thorough) continue
    const { status, out, err } = await shootdown(command.replaceAll('finds/', `${folder}/`).split(' '))
    expect({ command, status, err }).toEqual({ command, status: 0, err: '' })
    const told = out.replaceAll(folder, 'finds').replaceAll(/\(\d+\.\d s\)/g, '(... s)')
    shown = shown.replace(block, () => `\`\`\`console\n$ npx shootdown ${command}\n${told.trimEnd()}\n\`\`\``)
  }
  return shown
}

it(
  'what it shows is what the commands print (SHOOTDOWN_TESTS=thorough npx vitest run test/docs/reading-a-race.test.ts -u writes it)',
  { timeout: 300_000 },
  async () => {
    await expect(await printed()).toMatchFileSnapshot(page)
  },
)

describe('of each of its three races', () => {
  const races = text.split(/^## /m).filter((section) => /^(The race of|A deadlock)/.test(section))

  it.each([
    [/show \S+/, 'its lanes'],
    [/show .*--explain/, 'what matters in them'],
    [/show .*--generalize/, 'the orders that fail'],
    [/repair /, 'what cures it'],
    [/liveness /, 'whether runs end'],
    [/corpus why /, 'why it is kept'],
    [/corpus dedupe /, 'the same race twice'],
    [/corpus minimize /, 'its smallest form'],
    [/corpus recertify /, 'its proof'],
  ])('it shows what `%s` prints: %s', (command) => {
    expect(races).toHaveLength(3)
    for (const section of races)
      expect(section).toMatch(new RegExp(`^\\$ npx shootdown ${command.source}`, 'm'))
  })
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
  expect(inexact).toEqual([])
  expect(text).toContain('so it is with every race of the corpora')
  const general = generalize(raceNamed('lazy-cpumask-missing-mb'), { maxTransitions: 5000 })
  if (!isEstablished(general)) throw new Error('a few thousand transitions are not enough')
  expect(text).toContain(
    `${general.orders.toLocaleString('en')} orders, of which ${general.failing.toLocaleString('en')} fail`,
  )
})

it('docs/repair.md has every word of the vocabulary, with its kind', () => {
  const words = readFileSync(join(root, 'docs/repair.md'), 'utf8')
  const rows = [...words.matchAll(/^\| `([a-z-]+)` \| ([a-z-]+) \|/gm)].map(([, name, kind]) => ({
    name,
    kind,
  }))
  expect(rows).toEqual(vocabulary.map(({ name, kind }) => ({ name, kind })))
})
