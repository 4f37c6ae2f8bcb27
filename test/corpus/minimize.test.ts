/** Local cases made minimal in their folder: what was kept stays kept, whatever comes in between. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { dedupe, keep, minimize, readCorpus, type Case, type Kept } from '../../src/index.ts'
import { temporaryFolder } from './folder.ts'
import { keepAll, known, localCase, minimalCase } from './small.ts'

const minimal = minimalCase()
const local: Case = { ...localCase(2), expect: 'reproduced' }

/** Keeps one case in a folder of its own. */
function kept(each: Case): Kept & { folder: string } {
  const folder = temporaryFolder()
  return { folder, file: keep(folder, each).file, case: each }
}

it('a local case is replaced by what it shrinks to, with its proof and explanation, and where it was found', () => {
  const { folder, ...each } = kept(local)
  const { outcome, file, case: now } = minimize(each, known)
  expect(outcome).toBe('minimized')
  expect(now).toMatchObject({ id: minimal.id, minimality: 'minimal', certificate: minimal.certificate })
  expect([now.found, now.expect]).toEqual([local.found, local.expect])
  expect(now.explained).toBeDefined()
  expect(readdirSync(folder)).toEqual([`${now.id}.json`])
  expect(readCorpus(folder).cases).toEqual([{ file, case: now }])
})

it('a minimal case stays as it is', () => {
  const { folder, ...each } = kept(minimal)
  const before = readFileSync(each.file, 'utf8')
  expect(minimize(each, known).outcome).toBe('minimal')
  expect([readdirSync(folder), readFileSync(each.file, 'utf8')]).toEqual([[`${minimal.id}.json`], before])
})

it('what cannot be proven in time stays as it is', () => {
  const { folder, ...each } = kept(local)
  const before = readFileSync(each.file, 'utf8')
  expect(minimize(each, known, { stop: () => true })).toMatchObject({
    outcome: 'not established',
    spent: { workloads: 1 },
  })
  expect([readdirSync(folder), readFileSync(each.file, 'utf8')]).toEqual([[`${local.id}.json`], before])
})

it('what is too large to be proven stays as it is, and it is said what the search has cost', () => {
  const { folder, ...each } = kept(local)
  const { outcome, spent } = minimize(each, known, { maxStates: 100 })
  expect(outcome).toBe('not established')
  expect(readdirSync(folder)).toEqual([`${local.id}.json`])
  const { certificate } = minimal
  // Up to the limit for the proof, in either scope, and what shrinking took before.
  expect(spent.workloads).toBeGreaterThan(2)
  expect(spent.states).toBeGreaterThan(100)
  const whole = minimize(each, known).spent
  expect(whole.states).toBeGreaterThan(certificate!.states)
  expect(whole.workloads).toBeGreaterThan(certificate!.workloads)
})

it('a case whose race is kept already goes, and the other is left as it is', () => {
  const folder = temporaryFolder()
  const { expect: _expect, ...plain } = local
  const cases = keepAll(folder, minimal, plain)
  const each = cases.find(({ case: other }) => other.minimality === 'local')!
  expect(minimize(each, known)).toMatchObject({ outcome: 'merged', case: minimal })
  expect(readCorpus(folder).cases.map(({ case: other }) => other)).toEqual([minimal])
  expect(dedupe(readCorpus(folder).cases, { policies: known }).races).toEqual([])
})

it('a case goes for no other that should end in something else', () => {
  const folder = temporaryFolder()
  const cases = keepAll(folder, minimal, local)
  const each = cases.find(({ case: other }) => other.minimality === 'local')!
  expect(() => minimize(each, known)).toThrow('"expect" is another there')
  expect(readdirSync(folder)).toHaveLength(2)
})

it('a damaged file in the way is left to its owner, and so is the case', () => {
  const { folder, ...each } = kept(local)
  const inTheWay = join(folder, `${minimal.id}.json`)
  writeFileSync(inTheWay, '{"half')
  expect(() => minimize(each, known)).toThrow(inTheWay)
  expect(readFileSync(inTheWay, 'utf8')).toBe('{"half')
  expect(readdirSync(folder)).toContain(`${local.id}.json`)
})
