/** Reading a folder of cases: what can be read is read, and what cannot be is named. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, it } from 'vitest'
import { FORMAT, readCorpus, ShootdownError } from '../../src/index.ts'
import { temporaryFolder } from './folder.ts'
import { caseOf, corpus, textOf } from './shipped.ts'

const kept = caseOf('hyperv-list')
const other = caseOf('xen-pv')

/** A folder with these files. */
function folderWith(files: Record<string, string>): string {
  const folder = temporaryFolder()
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}
const good = { [`${kept.id}.json`]: textOf(kept), [`${other.id}.json`]: textOf(other) }

it('the shipped corpus has no file that cannot be read', () => {
  expect(corpus.problems).toEqual([])
  expect(corpus.cases.length).toBeGreaterThan(10)
})

it('cases come in the order of their names, whatever the folder says', () => {
  const names = corpus.cases.map(({ file }) => basename(file))
  expect(names).toEqual(names.toSorted())
})

it('a folder that does not exist is an empty corpus', () => {
  expect(readCorpus(join(temporaryFolder(), 'nowhere'))).toEqual({ cases: [], problems: [] })
})

it('an empty folder is an empty corpus', () => {
  expect(readCorpus(temporaryFolder())).toEqual({ cases: [], problems: [] })
})

it('a single file is a corpus of one', () => {
  const folder = folderWith(good)
  expect(readCorpus(join(folder, `${kept.id}.json`)).cases.map(({ case: each }) => each)).toEqual([kept])
})

it('what is no case file is passed over: other names, temporary files, folders without the ending', () => {
  const folder = folderWith({
    ...good,
    'README.md': 'cases',
    [`.${kept.id}.1.tmp`]: '{"half',
    'case.json.bak': '{',
  })
  mkdirSync(join(folder, 'old'))
  expect(readCorpus(folder)).toMatchObject({ problems: [] })
  expect(readCorpus(folder).cases).toHaveLength(2)
})

it.each([
  ['an empty file', '', 'is empty'],
  ['half a file', textOf(kept).slice(0, 700), 'is no JSON'],
  ['other JSON', '{"format":1}', 'Restore the file'],
  ['a newer file', `{"format":${FORMAT + 1}}`, 'written by a newer version'],
])('%s does not hide the good ones, and is named', (_what, text, problem) => {
  const folder = folderWith({ ...good, 'aaa.json': text, 'zzz.json': text })
  const { cases, problems } = readCorpus(folder)
  expect(cases.map(({ case: each }) => each.id)).toEqual([kept.id, other.id].toSorted())
  expect(problems.map(({ file }) => basename(file))).toEqual(['aaa.json', 'zzz.json'])
  for (const { file, error } of problems) {
    expect(error).toBeInstanceOf(ShootdownError)
    expect(error.message).toContain(file)
    expect(error.message).toContain(problem)
  }
})

it('a case under another name is refused, and told what it should be called', () => {
  const folder = folderWith({ ...good, 'my-race.json': textOf(kept) })
  const { cases, problems } = readCorpus(folder)
  expect(cases).toHaveLength(2)
  expect(problems.map(({ error }) => error.message)).toEqual([
    `${join(folder, 'my-race.json')}: "file name" is my-race.json, but the content of the case gives ${kept.id}.json. The file was changed by hand or damaged; restore it, or hunt again.`,
  ])
})

it('a folder that is called like a case, and a link to nowhere, are problems of their own', () => {
  const folder = folderWith(good)
  mkdirSync(join(folder, 'folder.json'))
  symlinkSync(join(folder, 'nowhere'), join(folder, 'link.json'))
  const { cases, problems } = readCorpus(folder)
  expect(cases).toHaveLength(2)
  expect(problems.map(({ file }) => basename(file))).toEqual(['folder.json', 'link.json'])
  for (const { error } of problems) expect(error.message).toContain('could not be read')
})

it('a corpus that is a file, and no case, is a ShootdownError that says so', () => {
  const folder = folderWith({ 'notes.txt': 'x' })
  let thrown: unknown
  try {
    readCorpus(join(folder, 'notes.txt'))
  } catch (cause) {
    thrown = cause
  }
  expect(thrown).toBeInstanceOf(ShootdownError)
  expect((thrown as ShootdownError).message).toBe(
    `${join(folder, 'notes.txt')}: is a file; expected a folder of corpus cases, or one case (a .json file).`,
  )
})
