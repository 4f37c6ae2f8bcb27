/** What the README shows is what happens: its diagram, its policy, and the line that cures it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AnyPolicy } from '../src/guest/policy.ts'
import { diagramOf, hypervList, makeBounds, raceOfCase, readCorpus, verify } from '../src/index.ts'

const root = new URL('..', import.meta.url).pathname
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code)
const [policyCode, propertyCode, cure] = blocks
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(root, 'test', '.readme-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function load(name: string, code: string): Promise<AnyPolicy> {
  const file = join(folder, `${name}.ts`)
  writeFileSync(file, code.replace(`'shootdown'`, `'${new URL('../src/index.ts', import.meta.url).href}'`))
  return ((await import(pathToFileURL(file).href)) as { default: AnyPolicy }).default
}

const verdictOf = (policy: AnyPolicy): string =>
  verify({ policy, bounds: makeBounds(), operations: 1 }).verdict

test('the two commands stand at the top', () => {
  expect(readme.split('\n').slice(2, 6)).toEqual([
    '```',
    'npm ci && npx shootdown hunt',
    'npx vitest run',
    '```',
  ])
})

test('the diagram is that of the race in the corpus', () => {
  const kept = readCorpus(join(root, 'corpus')).cases.find(
    ({ case: { policy } }) => policy === 'hyperv-list',
  )!
  expect(readme).toContain(diagramOf(raceOfCase(kept.file, kept.case, hypervList)))
})

test('the policy is broken, and fits in 40 lines with its property', async () => {
  expect(`${policyCode}${propertyCode}`.split('\n').length).toBeLessThan(40)
  expect(verdictOf(await load('broken', policyCode))).toBe('race')
})

test('the line that cures it cures it', async () => {
  const cured = policyCode.replace(/(sendIpi\(target, 'flush'\)\n {4}\})/, `$1\n    ${cure}`)
  expect(cured).not.toBe(policyCode)
  expect(verdictOf(await load('cured', cured))).toBe('safe')
})

test('an early acknowledgement is caught by speculation', async () => {
  const early = policyCode
    .replace(/(sendIpi\(target, 'flush'\)\n {4}\})/, `$1\n    ${cure}`)
    .replace(/(\n {6}yield\* cpu\.invlpg\(pages\))(\n {6}yield\* cpu\.fetchAnd[^\n]*)/, '$2$1')
  const policy = await load('early', early)
  expect(verify({ policy, bounds: makeBounds(), operations: 1 }).race?.violation.invariant).toBe(
    'hardware-walk',
  )
  expect(verify({ policy, bounds: makeBounds({ speculation: 0 }), operations: 1 }).verdict).toBe('safe')
})

test('the experiment has the outcomes that it is said to have', async () => {
  const code = blocks.find((block) => block.includes("from 'shootdown/experiment'"))!
  const [, plain, evicting] = /\/\/ (\[\[.*?\]\]): .* eviction: true, (\[\[.*\]\])/.exec(code)!
  const outcomesOf = async (name: string, text: string): Promise<unknown> => {
    const file = join(folder, `${name}.ts`)
    const door = new URL('../src/experiment/index.ts', import.meta.url).href
    writeFileSync(
      file,
      text.replace(`'shootdown/experiment'`, `'${door}'`).replace('const {', 'export const {'),
    )
    return ((await import(pathToFileURL(file).href)) as { outcomes: unknown }).outcomes
  }
  expect(await outcomesOf('plain', code)).toEqual(JSON.parse(plain))
  const evicted = code.replace('  cpus: [', '  machine: { eviction: true },\n  cpus: [')
  expect(await outcomesOf('evicting', evicted)).toEqual(JSON.parse(evicting))
})
