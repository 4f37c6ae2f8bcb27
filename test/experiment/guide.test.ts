/** The guide to experiments: its examples have the outcomes that it says, and its table names all of the machine. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { defaultMachine } from '../../src/machine/config.ts'
import { X86 } from '../../src/machine/x86.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const guide = readFileSync(join(root, 'docs/experiments.md'), 'utf8')
const examples = [...guide.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code)
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(root, 'test', '.guide-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('has eight examples beside the first', () => {
  expect(examples).toHaveLength(9)
})

it.each(examples.map((code, i) => [i, code] as const))('example %i comes out as it says', async (i, code) => {
  const file = join(folder, `example${i}.ts`)
  const door = new URL('../../src/experiment/index.ts', import.meta.url).href
  writeFileSync(file, code.replace(`'shootdown/experiment'`, `'${door}'`))
  const { outcomes } = (await import(pathToFileURL(file).href)) as { outcomes: unknown }
  expect(outcomes).toEqual(JSON.parse(code.split('//=> ')[1]))
})

it('names every instruction of a CPU', () => {
  const methods = Object.getOwnPropertyNames(X86.prototype)
  const inner = new Set(['constructor', 'access', 'raise', 'config', 'cpus'])
  const missing = methods.filter(
    (name) => !inner.has(name) && !new RegExp(`\`[^\`]*\\b${name}\\b`).test(guide),
  )
  expect(missing).toEqual([])
})

/** What the schemas of the machine say of their fields. */
function described(file: string): Map<string, string> {
  const source = readFileSync(join(root, 'src/machine', file), 'utf8')
  const fields = source.matchAll(/\/\*\* ((?:(?!\*\/).)*?) \*\/\s+(\w+): z\s*\./gs)
  return new Map([...fields].map(([, text, name]) => [name, text.replaceAll(/\s+\*\s+/g, ' ')]))
}

it('its table of features is that of the machine (npx vitest run test/experiment/guide.test.ts -u writes it)', async () => {
  const features = new Map([...described('config.ts'), ...described('features.ts')])
  expect(Object.keys(defaultMachine).filter((name) => !features.has(name))).toEqual([])
  const rows = Object.entries(defaultMachine).map(([name, value]) => {
    const text = features.get(name)!.trim().replaceAll('|', '\\|')
    return `| \`${name}\` | ${JSON.stringify(value).replaceAll(',', ', ')} | ${text} |`
  })
  const table = [
    '# The machine and its features',
    '',
    'What the `machine` of an experiment can name. A feature that is not named is at its default, and then costs nothing:',
    'no room in a state, no transitions, no time. `vcpus` is the number of programs where nothing is said of it.',
    '',
    '| name | default | meaning |',
    '| --- | --- | --- |',
    ...rows,
  ]
  await expect(`${table.join('\n')}\n`).toMatchFileSnapshot('../../docs/features.md')
})
