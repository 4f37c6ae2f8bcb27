/** `shootdown liveness`: what it says, keeps and prints as JSON, of policies that are live and of one that is not. */
import { expect, it } from 'vitest'
import { livenessJson, parseCase, readCorpus, replayJson, showJson } from '../../src/index.ts'
import { temporaryFolder } from '../corpus/folder.ts'
import { moduleFile, shootdown } from './drive.ts'

const seeded = new URL('../liveness/policies/crossed.ts', import.meta.url).href
/** A file of a user's own: two CPUs that poll with interrupts off. */
const file = (broken: boolean): string =>
  moduleFile(`import { crossed } from ${JSON.stringify(seeded)}\nexport default crossed('poll', ${broken})`)
const NAME = 'crossed-poll-irqs-off'

it('says that a policy is live, and within which bounds', async () => {
  const { status, out, err } = await shootdown(['liveness', '--policy', 'native-ipi', '--operations', '1'])
  expect({ status, err }).toEqual({ status: 0, err: '' })
  expect(out).toMatch(
    /^native-ipi: live within bounds \(up to 1 operations, 2 vCPUs, 1 preemption\), every fair run comes to its end: \d+ workloads, [\d,]+ states, [\d,]+ transitions \(\d+\.\d s\)\n$/,
  )
})

it('shows the run that never ends, and keeps it as a case that replays', async () => {
  const corpus = temporaryFolder()
  const own = ['--policy-file', file(true), '--corpus', corpus]
  const { status, out } = await shootdown(['liveness', ...own])
  // That is what is stated of it.
  expect(status).toBe(0)
  const [{ file: path, case: kept }] = readCorpus(corpus).cases
  expect(kept).toMatchObject({ policy: NAME, invariant: 'flush-completes', cycle: 2, minimality: 'minimal' })
  expect(out).toContain('    ,- again and again, for ever:\n  11| ')
  expect(out).toContain('  <== flush-completes, back to 11\n')
  expect(out).toContain(`Kept as ${path}. Replay: npx shootdown replay ${path} --policy-file `)

  const replayed = replayJson.parse((await shootdown(['replay', ...own, '--json'])).json())
  expect(replayed.cases).toMatchObject([{ id: kept.id, outcome: 'reproduced', expected: 'reproduced' }])
  const shown = showJson.parse((await shootdown(['show', ...own, '--json'])).json())
  expect(out).toContain(shown.cases[0].diagram)
})

it('prints the same as JSON', async () => {
  const corpus = temporaryFolder()
  const ran = await shootdown(['liveness', '--policy-file', file(true), '--corpus', corpus, '--json'])
  const json = livenessJson.parse(ran.json())
  expect(json).toEqual(ran.json())
  const [{ file: path }] = readCorpus(corpus).cases
  expect(json).toMatchObject({
    policy: NAME,
    verdict: 'livelock',
    expected: 'broken',
    operations: 2,
    bounds: { vcpus: 2, speculation: 0, preemptions: 0 },
    lasso: { file: path, minimality: 'minimal', operations: 2, vcpus: 2, switches: 2, steps: 12, cycle: 2 },
  })
})

it('fails a policy that is not live and does not say so', async () => {
  const unstated = moduleFile(
    `import { crossed } from ${JSON.stringify(seeded)}\nconst { expected: _, ...rest } = crossed('poll', true)\nexport default rest`,
  )
  const { status } = await shootdown(['liveness', '--policy-file', unstated, '--corpus', temporaryFolder()])
  expect(status).toBe(1)
})

it('tells several policies apart, and goes on behind one', async () => {
  const own = ['--policy-file', file(true), '--policy', NAME, '--policy', 'native-ipi']
  const ran = await shootdown([
    'liveness',
    ...own,
    '--operations',
    '2',
    '--corpus',
    temporaryFolder(),
    '--json',
  ])
  const json = livenessJson.parse(ran.json())
  expect('liveness' in json && json.liveness.map(({ verdict }) => verdict)).toEqual(['livelock', 'live'])
})

it('says what it knows of when it is interrupted, and claims nothing', async () => {
  const flag = new Int32Array(new SharedArrayBuffer(4)).fill(1)
  const ran = await shootdown(['liveness', '--policy', 'native-ipi', '--json'], flag)
  expect(ran.status).toBe(1)
  expect(livenessJson.parse(ran.json())).toMatchObject({ verdict: 'not established', lasso: null })
  expect(ran.err).toContain('Ended early; nothing is claimed of what was not searched.')
})

it('keeps cases that a reader of files checks like any other', async () => {
  const corpus = temporaryFolder()
  await shootdown(['liveness', '--policy-file', file(true), '--corpus', corpus])
  const [{ case: kept }] = readCorpus(corpus).cases
  expect(parseCase('here', JSON.stringify(kept))).toEqual(kept)
  for (const cycle of [1, 3, kept.schedule.length + 1, undefined])
    expect(() => parseCase('here', JSON.stringify({ ...kept, cycle }))).toThrow(/here.*(id|digest)/)
  for (const cycle of [0, -1, 1.5, '2'])
    expect(() => parseCase('here', JSON.stringify({ ...kept, cycle }))).toThrow('here: "cycle"')
})
