/** The page walk against tables of verdicts: an outside one, and a few rows written here. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkWalks, parseWalkTable } from '../../src/conformance/walk-table.ts'
import { reference } from './reference.ts'

const HEADER =
  'pte_p pte_w pte_u pte_nx pte_rsvd cr0_wp eflags_ac efer_nxe cr4_smep cr4_smap cpl access result pfec'
const table = (...rows: readonly string[]): string =>
  [HEADER, ...rows].map((row) => row.replaceAll(' ', '\t')).join('\n')

describe('rows written here', () => {
  it.each([
    ['a user read of a user page', '1 0 1 0 0 1 0 1 1 1 3 read ok 0'],
    ['a page that is not present', '0 1 1 0 1 1 0 1 0 0 3 write PF 6'],
    ['a user write of a page without W', '1 0 1 0 0 1 0 1 0 0 3 write PF 7'],
    ['a supervisor write of one, WP clear', '1 0 0 0 0 0 0 1 0 0 0 write ok 0'],
    ['a supervisor write of one, WP set', '1 0 0 0 0 1 0 1 0 0 0 write PF 3'],
    ['a user access of a supervisor page', '1 1 0 0 0 1 0 1 0 0 3 read PF 5'],
    ['a fetch from an XD page', '1 1 1 1 0 1 0 1 0 0 3 exec PF 21'],
    ['XD while NXE is clear: a reserved bit', '1 1 1 1 0 1 0 0 0 0 3 read PF 13'],
    ['a supervisor fetch from a user page, SMEP', '1 1 1 0 0 1 0 0 1 0 0 exec PF 17'],
    ['a supervisor read of a user page, SMAP', '1 1 1 0 0 1 0 1 0 1 0 read PF 1'],
    ['the same with AC set', '1 1 1 0 0 1 1 1 0 1 0 read ok 0'],
    ['an implicit one, AC or not', '1 1 1 0 0 1 1 1 0 1 0 implicit PF 1'],
  ])('%s', (_what, row) => {
    expect(checkWalks(parseWalkTable('here', table(row))).unequal).toEqual([])
  })

  it('that are wrong are told with their line', () => {
    const wrong = '1 0 1 0 0 1 0 1 0 0 3 write ok 0'
    expect(checkWalks(parseWalkTable('here', table('', wrong)))).toEqual({
      rows: 1,
      equal: 0,
      unequal: [{ line: 3, expected: 'ok', found: '#PF(7)' }],
    })
  })
})

it.each([
  [
    'a column that is missing',
    'pte_p\tpte_w\n',
    'here, line 1: has no column "pte_u"; expected pte_p, pte_w,',
  ],
  [
    'a bit that is none',
    table('2 0 1 0 0 1 0 1 0 0 3 write ok 0'),
    'here, line 2: has "2" as pte_p; expected 0 or 1.',
  ],
  ['a row that is cut', table('1 0 1'), 'here, line 2: has "" as result; expected ok or PF.'],
  [
    'an access of no kind',
    table('1 0 1 0 0 1 0 1 0 0 3 jump ok 0'),
    'here, line 2: has "jump" as access; expected read or write',
  ],
])('%s is named', (_what, text, message) => {
  expect(() => parseWalkTable('here', text)).toThrow(message)
})

const outside = reference('page-walk-verdicts.tsv', 'the page walk against the table of verdicts')
it.runIf(outside !== undefined)('every row of the outside table comes out as it says', () => {
  const rows = parseWalkTable('page-walk-verdicts.tsv', readFileSync(outside!, 'utf8'))
  expect(rows.length).toBeGreaterThan(3000)
  expect(checkWalks(rows)).toEqual({ rows: rows.length, equal: rows.length, unequal: [] })
})
