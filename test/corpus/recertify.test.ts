/** Certificates proven again: a true one holds, and of a changed one every field that was changed is named with both values. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { makeCase, parseCase, parseUnsealed, readCase, recertify, type Case } from '../../src/index.ts'
import { liveness, livenessBounds } from '../../src/liveness/liveness.ts'
import { crossed } from '../liveness/policies/crossed.ts'
import { temporaryFolder } from './folder.ts'
import { known, localCase, minimalCase, tamper } from './small.ts'

const kept = minimalCase()
const { size } = kept
const certificate = kept.certificate!
const at = (each: Case) => ({ file: `${each.id}.json`, case: each })

it('a true certificate holds', () => {
  const { workloads, states } = certificate
  expect(recertify(at(kept), known)).toMatchObject({
    verdict: 'holds',
    differences: [],
    spent: { workloads, states },
  })
})

it('a case that claims no proof is local', () => {
  const nothing = { workloads: 0, states: 0 }
  expect(recertify(at(localCase(2)), known)).toEqual({ verdict: 'local', differences: [], spent: nothing })
})

it('nothing is established by a search that was ended, or is too large, and it is said what it has cost', () => {
  const ended = recertify(at(kept), known, { stop: () => true })
  expect(ended).toEqual({ verdict: 'not established', differences: [], spent: { workloads: 0, states: 0 } })
  const { verdict, spent } = recertify(at(kept), known, { maxStates: 100 })
  expect(verdict).toBe('not established')
  expect(spent.workloads).toBeGreaterThan(0)
  expect(spent.states).toBeGreaterThan(100)
})

const CHANGES: readonly [field: string, changes: object, file: unknown, proven: unknown][] = [
  ['certificate.states', { certificate: { ...certificate, states: 1 } }, 1, certificate.states],
  [
    'certificate.workloads',
    { certificate: { ...certificate, workloads: 9999 } },
    9999,
    certificate.workloads,
  ],
  [
    'certificate.scope',
    { certificate: { ...certificate, scope: 'sub-workloads' } },
    'sub-workloads',
    'all-workloads',
  ],
  [
    'certificate.machine',
    { certificate: { ...certificate, machine: { vcpus: 3, pcpus: 3 } } },
    { pcpus: 3, vcpus: 3 },
    undefined,
  ],
  ['certificate', { certificate: undefined }, undefined, certificate],
  ['minimality', { minimality: 'local' }, 'local', 'minimal'],
  ['size.steps', { size: { ...size, steps: 1 } }, 1, size.steps],
  ['size.operations', { size: { ...size, operations: 1 } }, 1, size.operations],
  ['explanation', { explanation: 'nothing happened' }, 'nothing happened', kept.explanation],
]
const told = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value))

describe.each(CHANGES)('a changed %s', (field, changes, file, proven) => {
  it('is named under a seal that was made to fit, and the file is left as it is', () => {
    const path = tamper(temporaryFolder(), kept, changes)
    const before = readFileSync(path, 'utf8')
    const { verdict, differences } = recertify({ file: path, case: readCase(path) }, known)
    expect(verdict).toBe('does not hold')
    if (field === 'certificate')
      // What is not there is searched for as a hunt would, by all that it has.
      expect(differences.map((each) => each.field)).toEqual(['certificate'])
    else expect(differences).toEqual([{ field, file: told(file), proven: told(proven) }])
    expect(readFileSync(path, 'utf8')).toBe(before)
  })

  it('is named under the old seal, which is named as well', () => {
    const path = tamper(temporaryFolder(), kept, changes, false)
    expect(() => parseCase(path, readFileSync(path, 'utf8'))).toThrow('"digest"')
    const { differences } = recertify({ file: path, case: readCase(path, parseUnsealed) }, known)
    expect(differences.map((each) => each.field)).toEqual([field, 'digest'])
  })
})

it('a seal alone that does not fit is named alone', () => {
  const { verdict, differences } = recertify(at({ ...kept, digest: '0000000000000000' }), known)
  expect(verdict).toBe('does not hold')
  expect(differences).toEqual([{ field: 'digest', file: '"0000000000000000"', proven: `"${kept.digest}"` }])
})

it('a machine that cannot be is refused in a sentence that names the file', () => {
  const machine = { vcpus: 1000, pcpus: 1000 }
  expect(() => recertify(at({ ...kept, certificate: { ...certificate, machine } }), known)).toThrow(
    `${kept.id}.json: "certificate.machine" is none: `,
  )
})

it('a race that goes round for ever has its certificate proven by the search for such', () => {
  const policy = crossed('poll', true)
  const found = liveness({ policy, bounds: livenessBounds(policy), operations: 2 })
  const round = makeCase(found.race!, found.certificate)
  expect(round.minimality).toBe('minimal')
  expect(recertify(at(round), [policy]).verdict).toBe('holds')
  const wrong = { ...round, certificate: { ...round.certificate!, states: 1 } }
  expect(recertify(at(wrong), [policy]).differences.map(({ field }) => field)).toEqual([
    'certificate.states',
    'digest',
  ])
})
