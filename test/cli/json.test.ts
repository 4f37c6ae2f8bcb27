/** With --json: one object on standard output and nothing else there, of the published shape, and the same exit status. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { errorJson } from '../../src/cli/json/index.ts'
import {
  huntJson,
  policies,
  policiesJson,
  readCorpus,
  repairJson,
  replayJson,
  showJson,
  verifyJson,
} from '../../src/index.ts'
import { temporaryFolder } from '../corpus/folder.ts'
import { caseOf, cases } from '../corpus/shipped.ts'
import { BREAKS, moduleFile, policyFile, policyText, QUICK, SHIPPED, shootdown, type Ran } from './drive.ts'

/** What a command prints with --json, checked against its shape, which must name every field that is there. */
async function printed<T>(
  schema: { parse(value: unknown): T },
  argv: string[],
): Promise<{ ran: Ran; json: T }> {
  const ran = await shootdown([...argv, '--json'])
  const raw = ran.json()
  const json = schema.parse(raw)
  expect(raw).toEqual(json)
  return { ran, json }
}

it('hunt tells the race, its proof, and the case that was kept', async () => {
  const folder = temporaryFolder()
  const { ran, json } = await printed(huntJson, [
    'hunt',
    ...QUICK,
    '--seed',
    '5',
    '--policy-file',
    policyFile(BREAKS),
    '--corpus',
    folder,
  ])
  expect(ran).toMatchObject({ status: 1, err: '' })
  const [{ case: kept, file }] = readCorpus(folder).cases
  expect(json.problems).toEqual([])
  expect(json.hunts).toMatchObject([
    { policy: 'mine', verdict: 'race', expected: null, strategy: 'portfolio', seed: 5, interrupted: false },
  ])
  expect(json.hunts[0].races).toMatchObject([
    {
      id: kept.id,
      file,
      invariant: 'nothing-happens',
      explanation: kept.explanation,
      minimality: 'minimal',
      scope: kept.certificate!.scope,
      certificate: { workloads: kept.certificate!.workloads, states: kept.certificate!.states },
      ...kept.size,
      diagram: expect.stringContaining('<== nothing-happens'),
      foundBy: 'portfolio',
      unproven: null,
    },
  ])
  expect(kept.found).toMatchObject({ seed: 5, strategy: 'portfolio', run: json.hunts[0].races[0].run })
})

it('hunt tells of a clean policy what it has seen, and of several policies each', async () => {
  const file = moduleFile(
    `export const a = ${policyText('', 'mine-a')}\nexport const b = ${policyText("expected: 'safe',", 'mine-b')}`,
  )
  const { ran, json } = await printed(huntJson, ['hunt', ...QUICK, '--policy-file', file])
  expect(ran).toMatchObject({ status: 0, err: '' })
  expect(json.hunts).toMatchObject([
    { policy: 'mine-a', verdict: 'clean', expected: null, runs: 40, races: [] },
    { policy: 'mine-b', verdict: 'clean', expected: 'safe', runs: 40, races: [] },
  ])
  expect(json.hunts[0].steps).toBeGreaterThan(40)
  expect(json.hunts[0].witnesses).not.toEqual([])
})

it('hunt tells of a policy that could not be hunted why', async () => {
  const { ran, json } = await printed(huntJson, [
    'hunt',
    ...QUICK,
    '--policy-file',
    policyFile('*flush() { yield 3 },'),
  ])
  expect(ran.status).toBe(1)
  expect(json.hunts[0].error).toContain('is not a step')
  expect(json.problems).toEqual([json.hunts[0].error])
  expect(ran.err).toContain(json.problems[0])
})

it('verify of one policy is that policy itself, of several a list', async () => {
  const bounded = ['verify', '--cpus', '1', '--operations', '1']
  const one = await printed(verifyJson, [...bounded, '--policy', 'native-ipi'])
  expect(one.ran).toMatchObject({ status: 0, err: '' })
  expect(one.json).toMatchObject({
    policy: 'native-ipi',
    verdict: 'safe',
    expected: 'safe',
    operations: 1,
    bounds: { vcpus: 1 },
    race: null,
  })
  const two = await printed(verifyJson, [...bounded, '--policy', 'native-ipi', '--policy', 'flush-nobody'])
  expect(two.ran.status).toBe(1)
  expect(two.json).toMatchObject({
    verifications: [
      { policy: 'native-ipi', verdict: 'safe' },
      { policy: 'flush-nobody', verdict: 'safe', expected: 'broken' },
    ],
  })
})

it('verify tells a race with its diagram, and a policy that could not be verified with its error', async () => {
  const race = await printed(verifyJson, ['verify', '--cpus', '1', '--policy-file', policyFile(BREAKS)])
  expect(race.json).toMatchObject({
    verdict: 'race',
    race: { invariant: 'nothing-happens', diagram: expect.stringContaining('<==') },
  })
  const failed = await printed(verifyJson, [
    'verify',
    '--cpus',
    '1',
    '--policy-file',
    policyFile('*flush() { yield 3 },'),
  ])
  expect(failed.ran.status).toBe(1)
  expect(failed.json).toMatchObject({
    verdict: 'error',
    error: expect.stringContaining('is not a step'),
  })
})

it('replay tells of every case what it ended in', async () => {
  const { ran, json } = await printed(replayJson, ['replay', '--corpus', SHIPPED])
  expect(ran).toMatchObject({ status: 0, err: '' })
  expect(json.problems).toEqual([])
  expect(json.cases.map(({ id }) => id)).toEqual(cases.map(({ id }) => id))
  expect(new Set(json.cases.map(({ outcome }) => outcome))).toEqual(new Set(['reproduced']))
})

it('repair tells each cure with its words, its places and what it costs, cheapest first', async () => {
  const argv = ['repair', caseOf('hyperv-list').id, '--corpus', SHIPPED, '--operations', '1']
  const { ran, json } = await printed(repairJson, argv)
  expect(ran).toMatchObject({ status: 0, err: '' })
  expect(json.problems).toEqual([])
  expect(json.cases).toMatchObject([
    {
      policy: 'hyperv-list',
      invariant: 'software-walk',
      operations: 1,
      notEstablished: null,
      cures: [
        {
          insertions: [
            { word: 'free-by-rcu', part: 'freeTable', at: 'step', step: { name: 'free table', nth: 1 } },
          ],
          kinds: ['rcu'],
          cost: { gracePeriods: 0, ipis: 0, steps: 0 },
        },
        { insertions: [{ word: 'sync-by-ipi', part: 'freeTable', at: 'begin', step: null }], kinds: ['ipi'] },
      ],
    },
  ])
})

it('repair says what is not established where time ends, and is not as expected then', async () => {
  const argv = ['repair', caseOf('static-key-early').id, '--corpus', SHIPPED, '--time', '0.5']
  const { ran, json } = await printed(repairJson, argv)
  expect(ran.status).toBe(1)
  expect(json.cases[0].cures).toEqual([])
  expect(json.cases[0].notEstablished).not.toBeNull()
})

it('show tells the lanes of every case', async () => {
  const { ran, json } = await printed(showJson, ['show', '--corpus', SHIPPED])
  expect(ran).toMatchObject({ status: 0, err: '' })
  expect(json.cases.map(({ id, invariant, file }) => ({ id, invariant, file }))).toEqual(
    cases.map(({ id, invariant }) => ({ id, invariant, file: join(SHIPPED, `${id}.json`) })),
  )
  for (const { diagram, invariant } of json.cases) expect(diagram).toContain(`<== ${invariant}`)
})

it('show tells what was asked for of an explanation, and no more', async () => {
  const argv = ['show', caseOf('hyperv-list').id, '--corpus', SHIPPED]
  const [plain, explained, general, both] = await Promise.all(
    [[], ['--explain'], ['--generalize'], ['--explain', '--generalize']].map(async (more) => {
      const { json } = await printed(showJson, [...argv, ...more])
      return json.cases[0]
    }),
  )
  const parts = {
    explained: {
      marks: expect.arrayContaining([{ essential: true, order: 'matters', value: 'none' }]),
      edges: [
        { before: 2, after: 4, why: 'race' },
        { before: 8, after: 9, why: 'race' },
      ],
    },
    generalized: {
      orders: '84',
      failing: '3',
      extensions: '3',
      pairs: expect.arrayContaining([{ before: 1, after: 2, why: 'program' }]),
    },
  }
  expect(explained).toEqual({ ...plain, explained: parts.explained })
  expect(general).toEqual({ ...plain, generalized: parts.generalized })
  expect(both).toEqual({ ...plain, ...parts })
})

it.each(['replay', 'show'])('%s tells of a case that is not there', async (command) => {
  const { ran, json } = await printed(z.union([replayJson, showJson]), [
    command,
    'nope',
    caseOf('xen-pv').id,
    '--corpus',
    SHIPPED,
  ])
  expect(ran.status).toBe(1)
  expect(json.problems).toEqual([
    {
      file: 'nope',
      error: `nope: there is no such case; expected a file, or the id of a case in ${SHIPPED}.`,
    },
  ])
  expect(json.cases).toMatchObject([{ policy: 'xen-pv' }])
})

it('policies tells the claims of all', async () => {
  const { ran, json } = await printed(policiesJson, ['policies'])
  expect(ran).toMatchObject({ status: 0, err: '' })
  expect(json.policies).toEqual(
    policies.map(({ name, summary, expected = null, breaks = null, fixedBy = null }) => ({
      name,
      summary,
      expected,
      breaks,
      fixedBy,
    })),
  )
})

it.each([
  [['hunt', '--runs', 'many'], 'badOption'],
  [['hunt', '--policy', 'nope'], 'unknownPolicy'],
  [['hunt', '--policy-file', 'nope.ts'], 'policyFile'],
  [['huntt'], 'noCommand'],
  [[], 'noCommand'],
  [['hunt', 'extra'], 'extraArgument'],
])('a wrong use is an object too, and a sentence on standard error: %j', async (argv, code) => {
  const { ran, json } = await printed(errorJson, argv)
  expect(ran.status).toBe(2)
  expect(json.error.code).toBe(code)
  expect(ran.err).toBe(`${json.error.message}\n`)
})
