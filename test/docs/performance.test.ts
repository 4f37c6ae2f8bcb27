/** The tables and the picture of docs/performance.md, and what the README says of speed, are made of the stored figures. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { variants } from '../../bench/features.ts'
import { plot, type Growth } from '../../bench/growth/plot.ts'
import { DOCUMENTS, filled, readDocument, readFigures } from '../../bench/stored.ts'
import { noFeatures } from '../../src/machine/features.ts'

const root = join(import.meta.dirname, '../..')
const read = (name: string): string => readFileSync(join(root, name), 'utf8')

describe('figures of speed', () => {
  it.each(DOCUMENTS)('in %s are those that are stored', (name) => {
    expect(filled(readDocument(name), readFigures())).toBe(readDocument(name))
  })

  it.each(DOCUMENTS)('in %s are there', (name) => {
    expect(readDocument(name)).toMatch(/<!-- begin floors -->\n\| what \|/)
    expect(readDocument(name)).not.toContain('Not measured yet.')
  })

  it('change with what is stored', () => {
    const figures = readFigures()
    const floors = figures['exhaustive'].floors.map((floor) => ({ ...floor, value: 987.6 }))
    const changed = { ...figures, exhaustive: { ...figures['exhaustive'], floors } }
    for (const name of DOCUMENTS) expect(filled(readDocument(name), changed)).toContain('| 988 |')
  })

  it('are drawn as they are stored', () => {
    expect(plot(JSON.parse(read('docs/growth.json')) as Growth)).toBe(read('docs/growth.svg'))
  })

  it('name files that are there', () => {
    const named = [...read('docs/performance.md').matchAll(/`(bench\/[\w./-]+)`/g)].map(([, file]) => file)
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([])
  })

  it('name commands that are there', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = [...read('docs/performance.md').matchAll(/`npm run ([\w:]+)/g)].map(([, script]) => script)
    expect(named.filter((script) => !Object.hasOwn(scripts, script))).toEqual([])
  })
})

it('the table of features has a row for each feature of the machine', () => {
  const rows = readFigures()['features'].rows.map((row) => row['variant'])
  expect(rows).toEqual(Object.keys(variants))
  expect(Object.keys(noFeatures).filter((name) => !rows.includes(name))).toEqual([])
})
