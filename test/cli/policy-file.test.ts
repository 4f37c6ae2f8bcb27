/** A policy from a file of the user's own: what can be wrong with the file, and what is said of it. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../corpus/folder.ts'
import { BREAKS, moduleFile, policyFile, policyText, QUICK, shootdown } from './drive.ts'

const AT_ONCE = ['verify', '--cpus', '1', '--operations', '1']
const EXPECTED =
  'Expected a TypeScript module that exports a policy, for example `export default definePolicy({ ... })`.'
const A_POLICY = 'A policy is the object that definePolicy({ name, summary, flush, ... }) returns.'

/** What is said of a file that no policy can be had from: one line that begins with the file. */
async function refusal(file: string): Promise<string> {
  const { status, out, err } = await shootdown([...AT_ONCE, '--policy-file', file])
  expect({ status, out }, err).toEqual({ status: 2, out: '' })
  expect(err).toMatch(/^[^\n]+\n$/)
  expect(err.startsWith(`${file}: `), err).toBe(true)
  return err.slice(file.length + 2).trimEnd()
}

describe('a good file', () => {
  it('gives the policy that it exports by default', async () => {
    const { status, out } = await shootdown([...AT_ONCE, '--policy-file', policyFile('')])
    expect(status).toBe(0)
    expect(out).toMatch(/^mine: verified within bounds/)
  })

  it('gives all that it exports by name, and passes over what is no policy', async () => {
    const file = moduleFile(
      `export const a = ${policyText('', 'mine-a')}\nexport const b = ${policyText('', 'mine-b')}\nexport const limit = 3, nothing = null, f = () => {}`,
    )
    const { status, out } = await shootdown([...AT_ONCE, '--policy-file', file])
    expect(status).toBe(0)
    expect(out.match(/^[\w-]+(?=: verified)/gm)).toEqual(['mine-a', 'mine-b'])
  })

  it('gives the one that --policy names, beside the shipped ones', async () => {
    const file = moduleFile(
      `export const a = ${policyText('', 'mine-a')}\nexport const b = ${policyText('', 'mine-b')}`,
    )
    const { out } = await shootdown([
      ...AT_ONCE,
      '--policy-file',
      file,
      '--policy',
      'mine-b',
      '--policy',
      'native-ipi',
    ])
    expect(out.match(/^[\w-]+(?=: verified)/gm)).toEqual(['mine-b', 'native-ipi'])
  })

  it('may be given by a relative path, and may be JavaScript', async () => {
    const file = moduleFile(`export default ${policyText('')}`, 'policy.mjs')
    const { relative } = await import('node:path')
    expect((await shootdown([...AT_ONCE, '--policy-file', relative(process.cwd(), file)])).status).toBe(0)
  })

  it('takes the options that its policy declares', async () => {
    const { z } = { z: JSON.stringify(import.meta.resolve('zod')) }
    const file = moduleFile(
      `import { z } from ${z}\nexport default ${policyText('options: z.object({ ceiling: z.number().max(9).default(3) }),')}`,
    )
    expect((await shootdown([...AT_ONCE, '--policy-file', file, '--option', 'ceiling=7'])).status).toBe(0)
    const { status, err } = await shootdown([...AT_ONCE, '--policy-file', file, '--option', 'ceiling=high'])
    expect(status).toBe(2)
    expect(err).toMatch(/^Option "ceiling" of policy "mine": .*number/)
  })

  it('is found again by replay, show and policies, and named in the replay command', async () => {
    const folder = temporaryFolder()
    const own = ['--policy-file', policyFile(`${BREAKS} expected: 'broken',`), '--corpus', folder]
    const { out } = await shootdown(['hunt', ...QUICK, ...own])
    const [, file] =
      /^Saved as (.+\.json)\. Replay: npx shootdown replay \1 --policy-file .+policy\.ts$/m.exec(out)!
    expect((await shootdown(['replay', file, ...own])).out).toMatch(/^reproduced {2}mine-nothing-happens-/)
    expect((await shootdown(['show', ...own])).out).toContain('<== nothing-happens')
    expect((await shootdown(['policies', ...own])).out).toMatch(/^mine +broken +One of the tests$/m)
  })

  it('with a policy of a shipped name comes first', async () => {
    const file = moduleFile(`export default ${policyText("expected: 'safe',", 'hyperv-list')}`)
    const { out } = await shootdown([...AT_ONCE, '--policy-file', file, '--policy', 'hyperv-list'])
    expect(out).toContain('as stated')
  })
})

describe('a file without a policy', () => {
  it('that does not exist is named', async () => {
    const file = join(temporaryFolder(), 'nowhere.ts')
    expect(await refusal(file)).toBe(`there is no such file. ${EXPECTED}`)
  })

  it.each([
    ['does not parse', 'export default {{{'],
    ['throws', "throw new Error('boom')"],
    ['imports what there is none of', "import './nowhere.ts'"],
    ['uses what it has not declared', 'export default nothing.at.all'],
    ['is a folder', undefined],
  ])('that %s is named, with what went wrong', async (_what, code) => {
    const file = code === undefined ? temporaryFolder() : moduleFile(code)
    const told = await refusal(file)
    expect(told).toMatch(/^could not be loaded \(.+\)/)
    expect(told.endsWith(EXPECTED)).toBe(true)
  })

  it('that throws says what it threw', async () => {
    expect(await refusal(moduleFile("throw new Error('boom\\n  second line')"))).toBe(
      `could not be loaded (boom). ${EXPECTED}`,
    )
  })

  it.each(['export {}', 'export const limit = 3', 'export default undefined'])(
    'that exports none is named: %s',
    async (code) => {
      expect(await refusal(moduleFile(code))).toBe(`it exports no policy. ${EXPECTED}`)
    },
  )

  it.each([
    ['3', 'the policy: '],
    ['null', 'the policy: '],
    ['() => {}', 'the policy: '],
    ["{ name: 'x', summary: 'x' }", '"flush": expected a generator method'],
    ["{ name: 'x', summary: 'x', flush: 3 }", '"flush": expected a generator method'],
    [
      "{ name: 'x', summary: 'x', async *flush() {} }",
      '"flush": expected a generator method, but it is async',
    ],
    [
      "{ name: 'x', summary: 'x', async flush() {} }",
      '"flush": expected a generator method, but it is async',
    ],
    [
      "{ name: 'x', summary: 'x', *flush() {}, interrupts: { async *ipi() {} } }",
      '"interrupts.ipi": expected a generator method, but it is async',
    ],
    [
      "{ name: 'x', summary: 'x', *flush() {}, freeTable: 'now' }",
      '"freeTable": expected a generator method',
    ],
    [
      "{ name: 'My Policy', summary: 'x', *flush() {} }",
      '"name": expected a kebab-case name such as "my-policy"',
    ],
    ["{ name: 'x', summary: '', *flush() {} }", '"summary": '],
    ["{ name: 'x', summary: 'x', *flush() {}, expected: 'fine' }", '"expected": '],
    ["{ name: 'x', summary: 'x', *flush() {}, options: {} }", '"options": expected a zod schema'],
    ["{ name: 'x', summary: 'x', *flush() {}, shared: { n: 3 } }", '"shared.n": '],
    [
      "{ name: 'x', summary: 'x', *flush() {}, operations: { turn: { summary: 'x' } } }",
      '"operations.turn.run": expected a generator method',
    ],
    [
      "{ name: 'x', summary: 'x', *flush() {}, invariants: [{ name: 'x', sentence: 'x' }] }",
      '"invariants.0.holds": expected a function',
    ],
  ])('that exports something else is named, with the part that is wrong: %s', async (value, problem) => {
    const told = await refusal(moduleFile(`export default ${value}`))
    expect(told.startsWith(problem), told).toBe(true)
    expect(told.endsWith(A_POLICY)).toBe(true)
    expect(
      (await refusal(moduleFile(`export default shootdown.definePolicy(${value})`))).includes(problem),
    ).toBe(true)
  })

  it.each(["throw 'boom'", 'throw undefined', 'throw { code: 3 }'])(
    'that throws what is no Error is named: the loader reads .message of it, and its own TypeError is printed as a stack: %s',
    async (code) => {
      expect(await refusal(moduleFile(code))).toContain('could not be loaded')
    },
  )

  it('that calls definePolicy wrongly is told in whole sentences, none of which ends in two full stops', async () => {
    expect(
      await refusal(moduleFile("export default shootdown.definePolicy({ name: 'x', summary: 'x' })")),
    ).toBe(`definePolicy: "flush": expected a generator method. ${A_POLICY} ${EXPECTED}`)
  })

  it('that misspells a part is told: "freetable" is passed over, and the default is tried out instead', async () => {
    expect(await refusal(policyFile('*freetable(cpu, table) { yield* cpu.rcuFree(table) },'))).toContain(
      'freetable',
    )
  })

  it('whose operation has the name of a built-in one is told: the built-in one runs in its place', async () => {
    expect(await refusal(policyFile("operations: { munmap: { summary: 'x', *run() {} } },"))).toContain(
      'munmap',
    )
  })
})
