/** With --json: one object on standard output and nothing else there, of the published shape, and the same exit status. */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { errorJson } from '../../src/cli/json/index.ts'
import {
  dedupeJson,
  huntJson,
  livenessJson,
  minimizeJson,
  policies,
  policiesJson,
  readCorpus,
  recertifyJson,
  repairJson,
  replayJson,
  showJson,
  verifyJson,
  whyJson,
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

it('repair tells of each cure how far it is known that its runs end, and of a race what is out of reach', async () => {
  const argv = ['repair', caseOf('hyperv-list').id, '--corpus', SHIPPED, '--operations', '1']
  const { json } = await printed(repairJson, argv)
  const [{ cures, rejected, tried, outOfReach }] = json.cases
  for (const { live, workloads } of cures) expect(live).toMatchObject({ workloads, notEstablished: null })
  expect(cures.map(({ insertions }) => insertions[0].side)).toEqual(['guest', 'guest'])
  expect(Object.values(rejected).reduce((sum, n) => sum + n, cures.length)).toBe(tried)
  expect(outOfReach).toEqual([
    { cpu: 0, operations: ['munmap(0)'], steps: [3, 4] },
    { cpu: 1, operations: ['gup_fast(0)'], steps: [1, 2, 9] },
  ])
})

it('the commands of the corpus print what their schemas say, and nothing besides', async () => {
  const folder = temporaryFolder()
  const { id } = caseOf('flush-before-unhook', 'hardware-walk')
  copyFileSync(join(SHIPPED, `${id}.json`), join(folder, `${id}.json`))
  const on = (action: string): string[] => ['corpus', action, '--corpus', folder]
  const file = join(folder, `${id}.json`)
  const nothing = { workloads: 0, states: 0 }
  const { json: deduped } = await printed(dedupeJson, on('dedupe'))
  expect(deduped).toEqual({ dryRun: false, races: [], unproven: [], spent: nothing, problems: [] })
  const { json: minimized } = await printed(minimizeJson, on('minimize'))
  expect(minimized.cases).toEqual([{ from: file, file, id, outcome: 'minimal', spent: nothing }])
  const { json: told } = await printed(whyJson, on('why'))
  expect(told.cases).toMatchObject([{ id, file, replayed: 'reproduced', expected: 'reproduced' }])
  const { json: recertified } = await printed(recertifyJson, on('recertify'))
  expect(recertified.cases).toMatchObject([{ id, file, verdict: 'holds', differences: [] }])
  const { states } = caseOf('flush-before-unhook', 'hardware-walk').certificate!
  expect(recertified.cases[0].spent.states).toBeGreaterThanOrEqual(states)
})

it('liveness keeps a run without end, of which show says that nothing is established of its steps, and repair what ends it', async () => {
  const corpus = temporaryFolder()
  const crossed = new URL('../liveness/policies/crossed.ts', import.meta.url).href
  const file = moduleFile(
    `import { crossed } from ${JSON.stringify(crossed)}\nexport default crossed('poll', true)`,
  )
  const own = ['--policy-file', file, '--corpus', corpus]
  const { json: found } = await printed(livenessJson, ['liveness', ...own])
  expect(found).toMatchObject({ verdict: 'livelock', givenUp: 0 })
  const { json: shown } = await printed(showJson, ['show', ...own, '--explain', '--generalize'])
  const reason = { notEstablished: 'this run never ends' }
  expect(shown.cases).toMatchObject([{ explained: { marks: reason, edges: reason }, generalized: reason }])
  const { json: repaired } = await printed(repairJson, ['repair', ...own])
  expect(repaired.cases[0].cures.map(({ kinds }) => kinds)).toEqual([['interrupts']])
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
