/** Whatever one leaf of a real case is turned into: the change is noticed, unless it is in what is free to change. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseCase, ShootdownError, type Case } from '../../src/index.ts'
import { cases, textOf } from './shipped.ts'

type Path = readonly (string | number)[]
type Json = { [key: string]: Json } & Json[]

const FILE = 'somewhere/case.json'
const FREE = new Set<string | number>(['found', 'expect'])

/** Paths of all values within a value, leaves and branches. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value)
  return [
    ...(path.length > 0 ? [path] : []),
    ...entries.flatMap(([key, each]) => pathsOf(each, [...path, key])),
  ]
}

/** A copy in which the value at a path was replaced or, if there is none to put there, taken out. */
function mutate(kept: Case, path: Path, put: { value: unknown } | undefined): string {
  const copy = structuredClone(kept) as unknown as Json
  const parent = path.slice(0, -1).reduce<Json>((at, key) => at[key as number], copy)
  const last = path.at(-1)! as number
  if (put !== undefined) parent[last] = put.value as Json
  else if (Array.isArray(parent)) parent.splice(last, 1)
  else delete parent[last]
  return JSON.stringify(copy)
}

/** Reads a changed case: it is refused in words that name the file, or it differs only in what may differ. */
function readChanged(original: Case, path: Path, text: string): void {
  let read: Case
  try {
    read = parseCase(FILE, text)
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ShootdownError)
    expect((thrown as Error).message).toContain(FILE)
    return
  }
  expect(FREE, `a change of ${path.join('.')} was not noticed: ${text}`).toContain(path[0])
  const { found: _1, expect: _2, ...sealed } = read
  const { found: _3, expect: _4, ...before } = original
  expect(sealed).toEqual(before)
}

const anyCase = fc.constantFrom(...cases)
const anyPlace = anyCase.chain((kept) =>
  fc.record({ kept: fc.constant(kept), path: fc.constantFrom(...pathsOf(kept)) }),
)
const near = fc.oneof(
  fc.jsonValue(),
  fc.integer({ min: -2, max: 6 }),
  fc.constantFrom(
    'pte',
    'pmd',
    'minimal',
    'local',
    'fixed',
    'reproduced',
    'cpu0',
    'cpu1',
    'policy',
    '',
    2 ** 53,
  ),
)

it('one value changed in a case is noticed', () => {
  fc.assert(
    fc.property(anyPlace, near, ({ kept, path }, value) => {
      const text = mutate(kept, path, { value })
      fc.pre(text !== JSON.stringify(kept))
      readChanged(kept, path, text)
    }),
    { numRuns: 1000 },
  )
})

it('one value taken out of a case is noticed', () => {
  fc.assert(
    fc.property(anyPlace, ({ kept, path }) => readChanged(kept, path, mutate(kept, path, undefined))),
    { numRuns: 400 },
  )
})

it('one character changed in the file of a case is noticed', () => {
  fc.assert(
    fc.property(
      anyCase,
      fc.nat(),
      fc.constantFrom(...'0129az"{}[],:- '.split('')),
      (kept, position, character) => {
        const text = textOf(kept)
        const at = position % text.length
        const changed = text.slice(0, at) + character + text.slice(at + 1)
        let json: unknown
        try {
          json = JSON.parse(changed)
        } catch {
          json = undefined
        }
        fc.pre(JSON.stringify(json) !== JSON.stringify(kept))
        readChanged(
          kept,
          [text.indexOf('"found"') > 0 && at > text.indexOf('"found"') ? 'found' : '?'],
          changed,
        )
      },
    ),
    { numRuns: 400 },
  )
})

it('text that is anything at all is refused, never crashed on', () => {
  const anything = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((json) => `{"format":1,"id":${json}}`),
  )
  fc.assert(
    fc.property(anything, (text) => {
      let thrown: unknown
      try {
        parseCase(FILE, text)
      } catch (cause) {
        thrown = cause
      }
      expect(thrown).toBeInstanceOf(ShootdownError)
      expect((thrown as Error).message).toContain(FILE)
    }),
    { numRuns: 200 },
  )
})
