/** `shootdown walk`: a table of walk verdicts through the command line. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { walkJson } from '../../src/cli/json/index.ts'
import { shootdown } from './drive.ts'

const HEADER =
  'pte_p pte_w pte_u pte_nx pte_rsvd cr0_wp eflags_ac efer_nxe cr4_smep cr4_smap cpl access result pfec'
const RIGHT = '1 0 1 0 0 1 0 1 0 0 3 write PF 7'
const WRONG = '1 0 1 0 0 1 0 1 0 0 3 write ok 0'

function tableOf(...rows: readonly string[]): string {
  const file = join(mkdtempSync(join(tmpdir(), 'walks-')), 'walks.tsv')
  writeFileSync(file, [HEADER, ...rows].map((row) => row.replaceAll(' ', '\t')).join('\n'))
  return file
}

it('says how many rows come out as the table says, and exits with 0', async () => {
  const { status, out } = await shootdown(['walk', '--verdicts', tableOf(RIGHT, RIGHT)])
  expect({ status, out }).toEqual({ status: 0, out: '2 rows, 2 as the table says\n' })
})

it('names the rows that do not, in words and in JSON, and exits with 1', async () => {
  const file = tableOf(RIGHT, WRONG)
  const told = await shootdown(['walk', '--verdicts', file])
  expect(told.status).toBe(1)
  expect(told.out).toBe(`${file}, line 3: expected ok, found #PF(7)\n2 rows, 1 as the table says\n`)
  const { status, out } = await shootdown(['walk', '--verdicts', file, '--json'])
  expect(status).toBe(1)
  expect(walkJson.parse(JSON.parse(out))).toEqual({
    rows: 2,
    equal: 1,
    unequal: [{ line: 3, expected: 'ok', found: '#PF(7)' }],
  })
})

it.each([
  ['no table', ['walk'], /^Option --verdicts is null; expected the path of a table of walk verdicts\.\n$/],
  [
    'one that is not there',
    ['walk', '--verdicts', 'none.tsv'],
    /^none\.tsv could not be read: ENOENT.*\.\n$/,
  ],
])('%s is wrong use', async (_what, argv, sentence) => {
  const { status, err } = await shootdown(argv)
  expect(status).toBe(2)
  expect(err).toMatch(sentence)
})
