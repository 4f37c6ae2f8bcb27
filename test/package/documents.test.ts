/** What the documents say of the command line is what the command line has. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { COMMANDS, parser } from '../../src/cli/parser.ts'
import { policies } from '../../src/index.ts'

const readme = new URL('../../README.md', import.meta.url)
const text = existsSync(readme) ? readFileSync(readme, 'utf8') : ''
const options = parser()
  .globalCommand.options.map(({ rawName }) => rawName.split(/[ ,]/)[0])
  .filter((name) => name !== '-h' && name !== '-v')

describe('writing a bug', () => {
  const page = readFileSync(new URL('../../docs/writing-a-bug.md', import.meta.url), 'utf8')
  const bug = readFileSync(new URL('../../bugs/mremap-late-flush.ts', import.meta.url), 'utf8')
  const blocks = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code)

  it('shows the code of the bug that it goes through', () => {
    expect(blocks.length).toBeGreaterThan(3)
    for (const code of blocks) expect(bug).toContain(code)
  })
})

describe.skipIf(text === '')('the README', () => {
  it.each(options)('mentions %s', (option) => {
    expect(text).toMatch(new RegExp(`${option}\\b`))
  })

  it.each(Object.keys(COMMANDS))('mentions the command %s', (command) => {
    expect(text).toContain(`shootdown ${command}`)
  })

  it('mentions no option that there is none of', () => {
    const lines = text.split('\n').filter((line) => line.includes('shootdown ') || line.startsWith('| `--'))
    const mentioned = new Set(lines.flatMap((line) => line.match(/(?<![\w-])--[a-z][a-z0-9-]*/g) ?? []))
    const foreign = new Set(['--save-dev', '--ignore-scripts', '--help', '--version'])
    expect([...mentioned].filter((option) => !foreign.has(option) && !options.includes(option))).toEqual([])
  })

  it.each(policies.map(({ name }) => name))('mentions the policy %s', (name) => {
    expect(text).toContain(`\`${name}\``)
  })

  it('mentions every exit status', () => {
    expect(text).toMatch(/Exit status: 0 .+ 1 .+ 2 /s)
  })
})
