/** A folder of tests against a table: what is equal, what is not, what could not be read, and what has no partner. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { checkFolder } from '../../src/litmus/check.ts'
import { shootdown } from '../cli/drive.ts'
import { litmusJson } from '../../src/index.ts'
import { att, intel } from './texts.ts'

const SB = intel(
  ['P0 | P1', 'mov [x],1 | mov [y],1', 'mov eax,[y] | mov eax,[x]'],
  'exists (0:EAX=0 /\\ 1:EAX=0)',
)
const MP = att(
  ['P0 | P1', 'movl $1,(x) | movl (y),%eax', 'movl $1,(y) | movl (x),%ebx'],
  'exists (1:rax=1 /\\ 1:rbx=0)',
)
const BAD = intel(['P0', 'jmp [x]'], 'exists (x=0)')

const made: string[] = []
afterAll(() => made.forEach((dir) => rmSync(dir, { recursive: true, force: true })))

/** A folder with these files. */
function folder(files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'shootdown-'))
  made.push(dir)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  return dir
}

const table = (...rows: readonly string[][]): string =>
  [['path', 'name', 'verdict', 'keys', 'states'], ...rows].map((row) => row.join('\t')).join('\n')
const sbRow = ['a/sb.litmus', 'SB', 'Allow', '1:EAX P0:eax', '0,0 1,0 0,1 1,1']
const mpRow = ['b/mp.litmus', 'MP', 'Forbid', '1:rax 1:rbx', '0x0,0 0,1 1,0x1']

describe('a folder and its table', () => {
  const dir = folder({
    'a/sb.litmus': SB,
    'b/mp.litmus': MP,
    'b/bad.litmus': BAD,
    'b/new.litmus': SB,
    'a/notes.txt': 'no test',
    'verdicts.tsv': table(
      sbRow,
      mpRow,
      ['b/bad.litmus', 'bad', 'Allow', '[x]', '0'],
      ['b/gone.litmus', 'gone', 'Allow', '[x]', '0'],
    ),
  })
  const verdicts = join(dir, 'verdicts.tsv')

  it('are compared test by test, whatever order the keys and states are in', () => {
    const { failed, ...rest } = checkFolder(dir, verdicts)
    expect(rest).toEqual({
      tests: 3,
      equal: 2,
      unequal: [],
      rowsWithoutFile: ['b/gone.litmus'],
      filesWithoutRow: ['b/new.litmus'],
    })
    expect(failed).toEqual([
      {
        path: 'b/bad.litmus',
        reason: expect.stringContaining('b/bad.litmus, line 4: "jmp [x]" is not supported'),
      },
    ])
  })

  it('may be looked at in part: rows about other folders do not count', () => {
    expect(checkFolder(join(dir, 'a'), verdicts)).toEqual({
      tests: 1,
      equal: 1,
      unequal: [],
      failed: [],
      rowsWithoutFile: ['b/gone.litmus'],
      filesWithoutRow: [],
    })
  })

  it('may be in different places: paths are relative to the table, or else to the folder', () => {
    const elsewhere = folder({ 'table.tsv': table(sbRow) })
    expect(checkFolder(dir, join(elsewhere, 'table.tsv'))).toMatchObject({ tests: 1, equal: 1 })
  })

  it('end early when they are told to', () => {
    expect(checkFolder(dir, verdicts, { stop: () => true })).toMatchObject({ tests: 0, equal: 0 })
  })
})

describe('what differs is told', () => {
  const check = (...row: string[]) => {
    const dir = folder({ 'a/sb.litmus': SB, 'verdicts.tsv': table(row) })
    return checkFolder(dir, join(dir, 'verdicts.tsv')).unequal
  }
  const [path, name, verdict, keys, states] = sbRow

  it('states that are missing, and states that are too many', () => {
    expect(check(path, name, verdict, keys, '0,0 1,1 2,2')).toEqual([
      { path, missing: ['2,2'], extra: ['0,1', '1,0'], verdict: { expected: 'Allow', found: 'Allow' } },
    ])
  })

  it('a verdict', () => {
    expect(check(path, name, 'Forbid', keys, states)).toEqual([
      { path, missing: [], extra: [], verdict: { expected: 'Forbid', found: 'Allow' } },
    ])
  })
})

describe('the command', () => {
  const dir = folder({ 'sb.litmus': SB, 'sub/mp.litmus': MP })
  const row = ['sb.litmus', ...sbRow.slice(1)]
  const file = (...rows: readonly string[][]): string => {
    const path = join(folder({}), 'verdicts.tsv')
    writeFileSync(path, table(...rows))
    return path
  }
  const lessRow = [...row.slice(0, 4), '0,0']

  it('ends with 0 when all are equal, and counts what has no partner without minding', async () => {
    const argv = ['litmus', dir, '--verdicts', file(row, ['gone.litmus', ...row.slice(1)])]
    const { status, out, err } = await shootdown(argv)
    expect(status).toBe(0)
    expect(out).toBe('1 tests: 1 equal, 0 unequal, 0 failed; 1 rows without a file, 1 files without a row.\n')
    expect(err).toBe(
      'gone.litmus: has a row, but there is no such file.\nsub/mp.litmus: has no row in the table, not run.\n',
    )
    const { json } = await shootdown([...argv, '--json'])
    expect(litmusJson.parse(json())).toEqual({
      tests: 1,
      equal: 1,
      unequal: [],
      failed: [],
      rowsWithoutFile: ['gone.litmus'],
      filesWithoutRow: ['sub/mp.litmus'],
    })
  })

  it('ends with 1 when one is not equal', async () => {
    const { status, out } = await shootdown(['litmus', dir, '--verdicts', file(lessRow)])
    expect(status).toBe(1)
    expect(out).toContain('sb.litmus: missing nothing; extra 0,1 1,0 1,1\n')
    const { json } = await shootdown(['litmus', dir, '--verdicts', file(lessRow), '--json'])
    expect(litmusJson.parse(json())).toMatchObject({ unequal: [{ path: 'sb.litmus', missing: [] }] })
  })

  it('ends with 1 when one cannot be read', async () => {
    const bad = folder({ 'bad.litmus': BAD, 'sb.litmus': SB })
    const { status, err, out } = await shootdown(['litmus', bad])
    expect(status).toBe(1)
    expect(err).toMatch(/^bad\.litmus, line 4: "jmp \[x\]" is not supported/)
    expect(out).toContain('2 tests: 1 run, 1 failed.')
  })

  it('shows all final states where there is no table', async () => {
    const { status, out } = await shootdown(['litmus', dir])
    expect(status).toBe(0)
    expect(out).toBe(
      [
        'sb.litmus (mine): exists Allow, 4 final states',
        '  0:RAX 1:RAX',
        ...['0,0', '0,1', '1,0', '1,1'].map((state) => `  ${state}`),
        'sub/mp.litmus (mine): exists Forbid, 3 final states',
        '  1:RAX 1:RBX',
        ...['0,0', '0,1', '1,1'].map((state) => `  ${state}`),
        '2 tests: 2 run, 0 failed.\n',
      ].join('\n'),
    )
    const { json } = await shootdown(['litmus', dir, '--json'])
    expect(litmusJson.parse(json())).toMatchObject({
      tests: 2,
      failed: [],
      results: [
        { path: 'sb.litmus', name: 'mine', quantifier: 'exists', verdict: 'Allow', keys: ['0:RAX', '1:RAX'] },
        { path: 'sub/mp.litmus', verdict: 'Forbid', states: ['0,0', '0,1', '1,1'] },
      ],
    })
  })

  it.each([
    [[], 'The command litmus needs one folder of litmus tests.'],
    [[dir, dir], 'The command litmus needs one folder of litmus tests.'],
    [['nowhere'], 'nowhere: there is no such folder.'],
    [[folder({})], 'it holds no tests.'],
    [[dir, '--verdicts', 'nowhere.tsv'], 'nowhere.tsv: there is no such file.'],
    [[dir, '--verdicts', file()], `no row is about a test under ${dir}.`],
    [[dir, '--verdicts', file(['sb.litmus', 'SB', 'Maybe', '[x]', '0'])], 'line 2 has the verdict "Maybe"'],
    [[dir, '--verdicts', file(['', 'SB', 'Allow', '[x]', '0'])], 'line 2 has an empty column'],
  ])('ends with 2 and a sentence for wrong use %#', async (argv, sentence) => {
    const { status, out, err } = await shootdown(['litmus', ...argv])
    expect({ status, out }).toEqual({ status: 2, out: '' })
    expect(err).toContain(sentence)
  })

  it('names the column that a table lacks', async () => {
    const path = join(folder({}), 'verdicts.tsv')
    writeFileSync(path, 'path\tverdict\tkeys\n')
    expect((await shootdown(['litmus', dir, '--verdicts', path])).err).toContain(
      'the header has no column "states"',
    )
  })
})
