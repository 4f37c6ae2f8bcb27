/** Facts about translation, each as an experiment; and the same verdicts as a table from outside. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readTable } from '../../src/table.ts'
import { reference } from '../conformance/reference.ts'
import { groups, ownGroups } from './index.ts'

const numbered = Object.values(groups).flat()
const facts = [...numbered, ...Object.values(ownGroups).flat()]

for (const [subject, all] of [...Object.entries(groups), ...Object.entries(ownGroups)]) {
  describe(subject, () => {
    for (const { id, title, verdict, wrong } of all)
      it(`${id}: ${title}: ${verdict}`, () => expect(wrong()).toBeUndefined())
  })
}

it('every fact has a number or a name of its own', () => {
  expect(new Set(facts.map(({ id }) => id)).size).toBe(facts.length)
})

const outside = reference('facts.tsv', 'the facts against the outside table of facts')
it.runIf(outside !== undefined)('every row of the outside table is a fact with the same verdict', () => {
  const { rows } = readTable(readFileSync(outside!, 'utf8'))
  const told = rows.map(({ cell }) => [Number(cell('id')), cell('reachable')])
  expect(told.length).toBeGreaterThan(80)
  const stated = numbered.map(({ id, verdict }) => [id, verdict])
  const byNumber = (all: readonly unknown[][]): unknown[][] =>
    all.toSorted(([a], [b]) => Number(a) - Number(b))
  expect(byNumber(stated)).toEqual(byNumber(told))
})
