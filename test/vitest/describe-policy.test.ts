/** The door for vitest, used as its user does: a project of its own, run by vitest in a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCorpus } from '../../src/index.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const library = JSON.stringify(join(root, 'src/index.ts'))
const door = JSON.stringify(join(root, 'src/vitest/index.ts'))

/** One test file of the project: a policy with these parts, and its suite. */
const suite = (name: string, parts: string, corpus: string): string => `
  import { definePolicy } from ${library}
  import { describePolicy } from ${door}

  const policy = definePolicy({
    name: '${name}',
    summary: 'One of the tests',
    *flush(cpu, request) {
      yield* cpu.flushLocal(request)
      yield* cpu.callFunction(request.targets, request)
    },
    ${parts}
  })
  const bounds = { vcpus: 1, speculation: 0 }
  describePolicy(policy, { bounds, runs: 40, operations: { hunt: 2, verify: 2 }, corpus: '${corpus}', policyFile: '${name}.ts' })
`
const BREAKS = `invariants: [{ name: 'nothing-happens', sentence: 'Nothing ever happens.', holds: () => false }],`

const FILES: Record<string, string> = {
  'vitest.config.mjs': `export default { test: { include: ['*.suite.ts'] } }`,
  'sound.suite.ts': suite('sound', "expected: 'safe',", 'nowhere'),
  'unclaimed.suite.ts': suite('unclaimed', BREAKS, 'corpus'),
  'caught.suite.ts': suite('caught', `${BREAKS} expected: 'broken',`, 'nowhere'),
  'overclaimed.suite.ts': suite('overclaimed', "expected: 'broken',", 'nowhere'),
  'damaged.suite.ts': suite('damaged', "expected: 'safe',", 'damaged'),
}

interface Result {
  readonly fullName: string
  readonly status: string
  readonly failureMessages: readonly string[]
}

let project = ''
let printed = ''
let results: readonly Result[] = []

/** Runs the project once; every test looks at what came of it. */
beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'shootdown-'))
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(project, name), text)
  mkdirSync(join(project, 'damaged'))
  writeFileSync(join(project, 'damaged', 'case.json'), '{"half')
  const { NODE_OPTIONS: _options, VITEST: _vitest, ...env } = process.env
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', '--outputFile.json=results.json']
  const child = spawn(process.execPath, [vitest, 'run', '--no-cache', '--no-color', ...reporters], {
    cwd: project,
    env,
  })
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => void (printed += chunk.toString()))
  await once(child, 'close')
  const report = JSON.parse(readFileSync(join(project, 'results.json'), 'utf8')) as {
    testResults: { assertionResults: Result[] }[]
  }
  results = report.testResults.flatMap(({ assertionResults }) => assertionResults)
})
afterAll(() => rmSync(project, { recursive: true, force: true }))

const of = (policy: string): Record<string, string> =>
  Object.fromEntries(
    results
      .filter(({ fullName }) => fullName.startsWith(`${policy} `))
      .map(({ fullName, status }) => [fullName, status]),
  )
const messageOf = (fullName: string): string =>
  results.find((result) => result.fullName === fullName)!.failureMessages.join('\n')

describe('a policy that breaks and does not say so', () => {
  it('fails its search and its verification', () => {
    expect(of('unclaimed')).toEqual({
      'unclaimed survives random search': 'failed',
      'unclaimed is verified within bounds': 'failed',
      'unclaimed never waits for ever within bounds': 'passed',
    })
  })

  it('fails with the lanes, the invariant, the file that keeps the race and the command that replays it, and nothing else', () => {
    const [{ case: kept }] = readCorpus(join(project, 'corpus')).cases
    const file = `corpus/${kept.id}.json`
    expect(messageOf('unclaimed survives random search')).toBe(
      [
        'PolicyFailure: Policy "unclaimed" violates nothing-happens.',
        '  expected: Nothing ever happens.',
        `  happened: ${kept.explanation}.`,
        '  workload: CPU0: munmap(0)',
        '',
        '   #  CPU0',
        '      ------------------',
        '   1  clear PTE[0] in T0  <== nothing-happens',
        '',
        'Minimal: 1 operation, 1 vCPU, 0 context switches, 1 step. Searched every workload with as many',
        `  operations or fewer (${kept.certificate!.workloads} workloads) under every smaller schedule: ${kept.certificate!.states} states, within 1 vCPU, 1`,
        '  preemption.',
        `Saved as ${file}`,
        `Replay:  npx shootdown replay ${file} --policy-file unclaimed.ts`,
      ].join('\n'),
    )
  })

  it('shows the same to whoever reads the run, without a stack of ours', () => {
    expect(printed).toContain('   1  clear PTE[0] in T0  <== nothing-happens')
    expect(printed).toContain('Replay:  npx shootdown replay corpus/unclaimed-nothing-happens-')
    expect(printed).not.toContain('check/check.ts')
  })

  it('has its race in the corpus, once, although two tests found it', () => {
    const { cases, problems } = readCorpus(join(project, 'corpus'))
    expect(problems).toEqual([])
    expect(
      cases.map(({ case: { policy, invariant, minimality } }) => ({ policy, invariant, minimality })),
    ).toEqual([{ policy: 'unclaimed', invariant: 'nothing-happens', minimality: 'minimal' }])
  })
})

describe('a policy that is sound', () => {
  it('passes', () => {
    expect(of('sound')).toEqual({
      'sound survives random search': 'passed',
      'sound is verified within bounds': 'passed',
      'sound never waits for ever within bounds': 'passed',
    })
  })

  it('has what was looked at printed, with its bounds', () => {
    expect(printed).toContain('sound: no race in 40 random runs\n')
    expect(printed).toMatch(
      /^sound: verified within bounds \(up to 2 operations, 1 vCPU, 1 preemption\): \d+ workloads, [\d,]+ states, [\d,]+ transitions, depth \d+, reduced by scheduling symmetry$/m,
    )
  })

  it('fails where its corpus has a file that cannot be read, which is named', () => {
    expect(of('damaged')).toEqual({
      'damaged survives random search': 'passed',
      'damaged is verified within bounds': 'passed',
      'damaged never waits for ever within bounds': 'passed',
      'damaged corpus can be read': 'failed',
    })
    expect(messageOf('damaged corpus can be read')).toMatch(
      /^PolicyFailure: damaged\/case\.json: is no JSON \(.+\)/,
    )
  })
})

describe('a policy that is stated to be broken', () => {
  it('passes when it is caught, and nothing is kept', () => {
    expect(of('caught')).toEqual({
      'caught is caught by random search': 'passed',
      'caught is caught within bounds': 'passed',
    })
  })

  it('fails when it is not', () => {
    expect(of('overclaimed')).toEqual({
      'overclaimed is caught by random search': 'failed',
      'overclaimed is caught within bounds': 'failed',
    })
    expect(messageOf('overclaimed is caught by random search')).toBe(
      'PolicyFailure: overclaimed: no race in 40 random runs, though it is stated to be broken',
    )
  })

  it('says within bounds too what is wrong: the message is "verified within bounds" and a reader has to guess', () => {
    expect(messageOf('overclaimed is caught within bounds')).toContain('stated to be broken')
  })
})
