/** Which cases replay and show are about: all, those of a policy, or those that are named by id or by file. */
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../corpus/folder.ts'
import { caseOf, cases } from '../corpus/shipped.ts'
import { SHIPPED, shootdown } from './drive.ts'

const first = caseOf('hyperv-list').id
const second = caseOf('xen-pv').id
const ids = (out: string): string[] => cases.map(({ id }) => id).filter((id) => out.includes(id))

describe.each(['replay', 'show'])('%s', (command) => {
  it('takes all cases where none is named', async () => {
    const { status, out } = await shootdown([command, '--corpus', SHIPPED])
    expect(status).toBe(0)
    expect(ids(out)).toEqual(cases.map(({ id }) => id))
  })

  it('takes those of one policy, or of several', async () => {
    const of = async (...names: string[]): Promise<string[]> =>
      ids(
        (await shootdown([command, '--corpus', SHIPPED, ...names.flatMap((name) => ['--policy', name])])).out,
      )
    expect(await of('flush-nobody')).toEqual(
      cases.filter(({ policy }) => policy === 'flush-nobody').map(({ id }) => id),
    )
    expect(await of('xen-pv', 'hyperv-list')).toEqual([first, second])
  })

  it('takes those that are named by id or by file, in that order', async () => {
    const { status, out } = await shootdown([
      command,
      second,
      join(SHIPPED, `${first}.json`),
      '--corpus',
      SHIPPED,
    ])
    expect(status).toBe(0)
    expect(ids(out)).toEqual([first, second])
    expect(out.indexOf(second)).toBeLessThan(out.indexOf(first))
  })

  it('narrows what is named to a policy', async () => {
    const { out } = await shootdown([command, first, second, '--corpus', SHIPPED, '--policy', 'xen-pv'])
    expect(ids(out)).toEqual([second])
  })

  it.each(['nope', './nope.json', '12345'])(
    'names a case that is not there, and does the others: %s',
    async (name) => {
      const { status, out, err } = await shootdown([command, name, first, '--corpus', SHIPPED])
      expect(status).toBe(1)
      expect(err).toBe(
        `${name}: there is no such case; expected a file, or the id of a case in ${SHIPPED}.\n`,
      )
      expect(ids(out)).toEqual([first])
    },
  )

  it('names a file that is no case', async () => {
    const file = join(temporaryFolder(), 'package.json')
    writeFileSync(file, '{"name":"x"}')
    const { status, err } = await shootdown([command, file])
    expect(status).toBe(1)
    expect(err).toContain(`${file}: "format"`)
  })

  it('says so in one sentence where the corpus is a file: it prints the stack of an ENOTDIR', async () => {
    const file = join(temporaryFolder(), 'notes.txt')
    writeFileSync(file, 'x')
    const { err } = await shootdown([command, '--corpus', file])
    expect(err).toMatch(/^[^\n]+\.\n$/)
  })

  it('reads every good case of a folder that has bad ones', async () => {
    const folder = temporaryFolder()
    for (const id of [first, second]) copyFileSync(join(SHIPPED, `${id}.json`), join(folder, `${id}.json`))
    writeFileSync(join(folder, 'a.json'), '')
    copyFileSync(join(SHIPPED, `${first}.json`), join(folder, 'renamed.json'))
    const { status, out, err } = await shootdown([command, '--corpus', folder])
    expect(status).toBe(1)
    expect(ids(out)).toEqual([first, second])
    expect(err.trimEnd().split('\n')).toEqual([
      expect.stringContaining(`${join(folder, 'a.json')}: is empty`),
      expect.stringContaining(`${join(folder, 'renamed.json')}: "file name" is renamed.json`),
    ])
  })
})
