/** docs/machine.md names facts, files and features that are there. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { machineConfigSchema } from '../../src/machine/config.ts'
import { groups } from '../facts/index.ts'

const facts = Object.values(groups).flat()

const root = join(import.meta.dirname, '../..')
const text = readFileSync(join(root, 'docs/machine.md'), 'utf8')

it('its facts are scenarios, and all of them but a few are named', () => {
  const named = [...text.matchAll(/facts? ([\d, -]+)/g)].flatMap(([, list]) =>
    list.split(',').flatMap((part) => {
      const [first = 0, last = first] = part.split('-').map(Number)
      return Array.from({ length: last - first + 1 }, (_, i) => first + i)
    }),
  )
  const known = new Set(facts.map(({ id }) => Number(id)))
  expect(named.filter((id) => id !== 0 && !known.has(id))).toEqual([])
  expect([...known].filter((id) => !named.includes(id)).length).toBeLessThan(8)
})

it('its tests and pages are there', () => {
  const tests = [...text.matchAll(/`([\w/-]+\.test\.ts)`/g)].map(([, file]) => file)
  expect(tests.length).toBeGreaterThan(5)
  for (const file of tests) {
    const found = globSync(`test/**/${file.split('/').at(-1)}`, { cwd: root })
    expect(found, file).not.toEqual([])
  }
  for (const [, page] of text.matchAll(/\]\(([\w-]+\.md)\)/g))
    expect(existsSync(join(root, 'docs', page)), page).toBe(true)
})

it('its knobs are features of the machine, and all features that hardware has are knobs', () => {
  const [, knobs = ''] = text.split('## Knobs')
  const names = Object.keys(machineConfigSchema.shape)
  const named = new Set([...text.matchAll(/`(\w+)(?:: \w+)?`/g)].map(([, name]) => name))
  const ours = ['contents', 'spare', 'pages', 'spaces', 'vcpus', 'pcpus', 'entries', 'anyTable', 'protection']
  const elsewhere = [
    'devices',
    'deviceTlbs',
    'dmas',
    'interruptShadow',
    'nesting',
    'hotplug',
    'rar',
    'eptTables',
    'eptLarge',
    'eptDirty',
  ]
  expect(names.filter((name) => ![...ours, ...elsewhere].includes(name) && !named.has(name))).toEqual([])
  expect(knobs.split('\n').filter((line) => line.startsWith('| ')).length).toBeGreaterThan(20)
})
