/** Help and version: printed by the parser, on its own or behind a command. */
import { expect, it, vi } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { COMMANDS, parser } from '../../src/cli/parser.ts'

/** What is written to the console meanwhile. */
async function heard(code: () => unknown): Promise<string> {
  const spies = (['info', 'log'] as const).map((name) =>
    vi.spyOn(console, name).mockImplementation(() => undefined),
  )
  try {
    await code()
    return spies.flatMap(({ mock }) => mock.calls.flat()).join('\n')
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

const OPTIONS = parser().globalCommand.options.map(({ rawName }) => rawName)

it('help lists every command with what it does', async () => {
  const text = await heard(() => main(['--help']))
  for (const [name, summary] of Object.entries(COMMANDS))
    expect(text).toMatch(new RegExp(`^  ${name}.*  ${summary}$`, 'm'))
})

it.each(['', ...Object.keys(COMMANDS)])(
  'help lists every option, for the command "%s" too, and ends with status 0',
  async (command) => {
    let status = -1
    const text = await heard(async () => {
      status = await main([...(command === '' ? [] : [command]), '--help'])
    })
    expect(status).toBe(0)
    for (const option of OPTIONS.filter((name) => !name.startsWith('-v')))
      expect(text).toContain(`  ${option}`)
  },
)

it('every option has its default or its limits in the help where it has any', async () => {
  const text = await heard(() => main(['--help']))
  for (const told of [
    '(default 100000)',
    '(default 1)',
    '(default portfolio)',
    '(default 2)',
    '2 to 5',
    '(default corpus)',
  ])
    expect(text).toContain(told)
})

it('the version is printed with the name', async () => {
  expect(await heard(() => main(['--version']))).toMatch(/^shootdown\/\d+\.\d+\.\d+/)
})

it.each([
  ['hunt', '--version'],
  ['replay', '-v'],
  ['--cpus', '2', 'verify', '--version'],
])('the version is printed behind a command too: %s %s', async (...argv) => {
  expect(await heard(() => main(argv))).toMatch(/^shootdown\/\d+\.\d+\.\d+/)
})

it('no option that takes no value is said to have a default of true', async () => {
  expect(await heard(() => main(['--help']))).not.toContain('(default: true)')
})
