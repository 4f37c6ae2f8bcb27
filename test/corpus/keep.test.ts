/** Keeping a case: the whole file or none, once, and never over one that is there. */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { keep, makeCase, raceOfCase, readCorpus, ShootdownError, type Case } from '../../src/index.ts'
import { temporaryFolder } from './folder.ts'
import { caseOf, cases, policyOf, textOf } from './shipped.ts'

const kept = caseOf('hyperv-list')

/** What keeping throws. */
function failure(folder: string, each: Case = kept): unknown {
  try {
    keep(folder, each)
  } catch (thrown) {
    return thrown
  }
  return expect.unreachable('it was kept')
}

it('a case is written under its id, byte for byte as it is shipped, and nothing is left beside it', () => {
  const folder = temporaryFolder()
  expect(keep(folder, kept)).toEqual({ file: join(folder, `${kept.id}.json`), fresh: true })
  expect(readFileSync(join(folder, `${kept.id}.json`), 'utf8')).toBe(textOf(kept))
  expect(readdirSync(folder)).toEqual([`${kept.id}.json`])
})

it('a folder that does not exist is made, with those above it', () => {
  const folder = join(temporaryFolder(), 'deep', 'down')
  keep(folder, kept)
  expect(readCorpus(folder).cases.map(({ case: each }) => each)).toEqual([kept])
})

it('all cases can be kept side by side and read again', () => {
  const folder = temporaryFolder()
  for (const each of cases) expect(keep(folder, each).fresh).toBe(true)
  expect(readCorpus(folder)).toMatchObject({ problems: [] })
  expect(readCorpus(folder).cases.map(({ case: each }) => each)).toEqual(cases)
})

it('the same race a second time is not fresh, and the file is not touched', () => {
  const folder = temporaryFolder()
  const { file } = keep(folder, kept)
  utimesSync(file, 1000, 1000)
  const again = { ...kept, found: { seed: 77, strategy: 'another', run: 5, version: '9.9.9' } }
  expect(keep(folder, again)).toEqual({ file, fresh: false })
  expect(statSync(file).mtimeMs).toBe(1_000_000)
  expect(readFileSync(file, 'utf8')).toBe(textOf(kept))
  expect(readdirSync(folder)).toHaveLength(1)
})

it('a damaged file of that name is left to its owner', () => {
  const folder = temporaryFolder()
  const file = join(folder, `${kept.id}.json`)
  writeFileSync(file, '{"half')
  expect(keep(folder, kept).fresh).toBe(false)
  expect(readFileSync(file, 'utf8')).toBe('{"half')
})

it('a temporary file that a crash has left does not stand in the way', () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, `.${kept.id}.${process.pid}.tmp`), 'half')
  expect(keep(folder, kept).fresh).toBe(true)
  expect(readdirSync(folder)).toEqual([`${kept.id}.json`])
})

it('a folder that cannot be made is a ShootdownError that names the file, and nothing is written', () => {
  const folder = temporaryFolder()
  symlinkSync(join(folder, 'gone', 'away'), join(folder, 'link'))
  const error = failure(join(folder, 'link'))
  expect(error).toBeInstanceOf(ShootdownError)
  expect((error as ShootdownError).code).toBe('corpusWrite')
  expect((error as ShootdownError).message).toContain(
    join(folder, 'link', `${kept.id}.json: could not be written (`),
  )
  expect(readdirSync(folder)).toEqual(['link'])
})

it('a write that fails halfway leaves no half file and the old ones untouched', () => {
  const folder = temporaryFolder()
  keep(folder, caseOf('xen-pv'))
  const before = readdirSync(folder)
  // A value that JSON cannot hold: the failure comes after the temporary file was opened.
  const unwritable = { ...kept, options: { n: 1n } } as unknown as Case
  const error = failure(folder, unwritable)
  expect(error).toBeInstanceOf(ShootdownError)
  expect(readdirSync(folder)).toEqual(before)
  expect(readCorpus(folder)).toMatchObject({ problems: [] })
})

it.each([
  ['the folder is a file', (folder: string) => join(folder, 'file')],
  ['the folder is below a file', (folder: string) => join(folder, 'file', 'below')],
  ['the name of the folder is too long', (folder: string) => join(folder, 'x'.repeat(300))],
])('where %s, keeping is a ShootdownError: the clean-up (rmSync) throws over it', (_what, place) => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'file'), 'precious')
  const error = failure(place(folder))
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('precious')
  expect(error).toBeInstanceOf(ShootdownError)
})

it('a folder of that name is not a case that is kept already: it is in the way, and told', () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, `${kept.id}.json`))
  expect(failure(folder)).toBeInstanceOf(ShootdownError)
  expect(existsSync(join(folder, `${kept.id}.json`))).toBe(true)
})

/** The same race without its proof, as a hunt keeps it that ran out of time. */
function localOf(each: Case, more: Partial<Case> = {}): Case {
  const race = raceOfCase('', each, policyOf(each.policy))
  return { ...makeCase(race, undefined, { seed: 3, strategy: 'pct', run: 8, version: '0.0.1' }), ...more }
}

it('a race that was kept as a local one is upgraded by its proof, whole, and nothing is left beside it', () => {
  const folder = temporaryFolder()
  const local = localOf(kept, { expect: 'fixed' })
  expect(local.id).toBe(kept.id)
  const { file } = keep(folder, local)
  expect(keep(folder, kept)).toEqual({ file, fresh: false, upgraded: true })
  const { cases: read, problems } = readCorpus(folder)
  expect(problems).toEqual([])
  expect(read.map(({ case: each }) => each)).toEqual([{ ...kept, expect: 'fixed', found: local.found }])
  expect(readdirSync(folder)).toEqual([`${kept.id}.json`])
})

it('a race that was kept with its proof is left as it is, with or without another proof', () => {
  const folder = temporaryFolder()
  const { file } = keep(folder, kept)
  const before = readFileSync(file, 'utf8')
  for (const each of [localOf(kept), kept]) expect(keep(folder, each)).toEqual({ file, fresh: false })
  expect(readFileSync(file, 'utf8')).toBe(before)
})

it('a local race stays as it is when it is found again without a proof', () => {
  const folder = temporaryFolder()
  const { file } = keep(folder, localOf(kept))
  utimesSync(file, 1000, 1000)
  expect(keep(folder, localOf(kept))).toEqual({ file, fresh: false })
  expect(statSync(file).mtimeMs).toBe(1_000_000)
})
