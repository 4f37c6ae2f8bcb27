/** Where a hunt keeps its races; and that a race is reported even where it cannot be kept. */
import {
  existsSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { huntJson, readCorpus } from '../../src/index.ts'
import { temporaryFolder } from '../corpus/folder.ts'
import { BREAKS, policyFile, QUICK, shootdown } from './drive.ts'

const hunting = (corpus: string, ...more: string[]): string[] => [
  'hunt',
  ...QUICK,
  '--policy-file',
  policyFile(`${BREAKS} expected: 'broken',`),
  '--corpus',
  corpus,
  ...more,
]

describe('a race', () => {
  it('is kept in the folder that --corpus names, which is made if need be', async () => {
    const folder = join(temporaryFolder(), 'deep', 'down')
    const { status, out } = await shootdown(hunting(folder))
    expect(status).toBe(0)
    const [{ file, case: kept }] = readCorpus(folder).cases
    expect(readdirSync(folder)).toEqual([`${kept.id}.json`])
    expect(out).toContain(`Saved as ${file}. Replay: npx shootdown replay ${file} --policy-file `)
  })

  it('is kept once: the second hunt says so, and leaves the file alone', async () => {
    const folder = temporaryFolder()
    await shootdown(hunting(folder))
    const [{ file }] = readCorpus(folder).cases
    const text = readFileSync(file, 'utf8')
    utimesSync(file, 1000, 1000)
    const { status, out } = await shootdown(hunting(folder, '--seed', '9', '--strategy', 'pct'))
    expect(status).toBe(0)
    expect(out).toContain(`Already kept as ${file}. Replay: `)
    expect(statSync(file).mtimeMs).toBe(1_000_000)
    expect(readFileSync(file, 'utf8')).toBe(text)
  })

  it('is not kept where there is none, and no folder is made', async () => {
    const folder = join(temporaryFolder(), 'corpus')
    await shootdown(['hunt', ...QUICK, '--policy-file', policyFile(''), '--corpus', folder])
    expect(existsSync(folder)).toBe(false)
  })
})

/** A folder that cannot be made, whoever tries. */
function impossible(): string {
  const folder = temporaryFolder()
  symlinkSync(join(folder, 'gone', 'away'), join(folder, 'link'))
  return join(folder, 'link')
}

describe('a folder that cannot be written', () => {
  it('does not keep a race from being reported; the status is 1, and one sentence says why', async () => {
    const folder = impossible()
    const { status, out, err } = await shootdown(hunting(folder))
    expect(status).toBe(1)
    expect(out).toContain('Policy "mine" violates nothing-happens.')
    expect(out).not.toContain('Saved')
    expect(err).toMatch(
      /^[^\n]+\.json: could not be written \([^\n]+\)\. The old file, if there was one, is untouched\.\n$/,
    )
    expect(err.startsWith(folder)).toBe(true)
  })

  it('is a problem of the JSON, in which the race has no file', async () => {
    const { json } = await shootdown(hunting(impossible(), '--json'))
    const { hunts, problems } = huntJson.parse(json())
    expect(hunts[0].races).toMatchObject([{ invariant: 'nothing-happens', file: null }])
    expect(problems).toEqual([expect.stringContaining('could not be written')])
  })

  it.each(['file', 'file/below'])(
    'is one where a file stands in its place (%s): the whole command ends with a stack instead, and other policies are not hunted',
    async (place) => {
      const folder = temporaryFolder()
      writeFileSync(join(folder, 'file'), 'precious')
      const { status, err } = await shootdown(hunting(join(folder, place)))
      expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('precious')
      expect(status).toBe(1)
      expect(err).toMatch(/^[^\n]+could not be written[^\n]+\n$/)
    },
  )
})
