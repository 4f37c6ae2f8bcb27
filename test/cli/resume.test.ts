/** Whatever ends a command, what was found is kept, and the same command with --resume comes to the same total. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { z } from 'zod'
import { sharedFlag } from '../../src/cli/interrupt.ts'
import { Random } from '../../src/engine/random.ts'
import { huntJson, readCorpus, verifyJson } from '../../src/index.ts'
import { temporaryFolder } from '../corpus/folder.ts'
import { thorough } from '../thorough.ts'
import { BREAKS, policyFile, shootdown } from './drive.ts'

const bin = fileURLToPath(new URL('../../bin/shootdown.js', import.meta.url))

/** Runs the command; after so many milliseconds of life with its file in sight, it is killed. */
async function run(argv: readonly string[], file: string, killAfter = Infinity) {
  const child = spawn(process.execPath, [bin, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const written = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => void (written.out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (written.err += chunk.toString()))
  const closed = once(child, 'close')
  let ended = false
  void closed.then(() => (ended = true))
  if (killAfter < Infinity) {
    const before = existsSync(file) ? readFileSync(file, 'utf8') : ''
    // Killed at some time after it has got on, so that the test comes to an end on a slow machine too.
    while (!ended && (!existsSync(file) || readFileSync(file, 'utf8') === before))
      await new Promise((resolve) => setTimeout(resolve, 20))
    await new Promise((resolve) => setTimeout(resolve, killAfter))
    child.kill('SIGKILL')
  }
  const [status, signal] = (await closed) as [number | null, string | null]
  return { status, signal, ...written }
}

/** Runs the command again and again, killed at random, until it comes to its end. */
async function killedAgainAndAgain(argv: readonly string[], file: string, kills: number, seed: number) {
  const random = new Random(seed)
  let killed = 0
  for (;;) {
    const ran = await run(argv, file, killed < kills ? random.below(700) : Infinity)
    if (ran.signal === null) return { ...ran, killed }
    killed++
    if (existsSync(file)) expect(() => JSON.parse(readFileSync(file, 'utf8')) as unknown).not.toThrow()
  }
}

const KILLS = 8
const RUNS = '30000'

describe('killed at random points and resumed, the total is that of a command that is left alone:', () => {
  it.skipIf(!thorough)('verify', { timeout: 240_000 }, async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'progress.json')
    const argv = ['verify', '--policy', 'native-ipi', '--json']
    const { out, killed } = await killedAgainAndAgain([...argv, '--resume', file], file, KILLS, 1)
    const whole = await shootdown(argv)
    const timeless = (text: string): unknown => ({ ...verifyJson.parse(JSON.parse(text)), seconds: 0 })
    expect(timeless(out)).toEqual(timeless(whole.out))
    expect(killed).toBeGreaterThan(0)
    expect(existsSync(file)).toBe(false)
  })

  it.skipIf(!thorough)('hunt', { timeout: 240_000 }, async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'progress.json')
    const common = ['hunt', '--policy', 'native-ipi', '--policy', 'hyperv-list', '--runs', RUNS, '--json']
    const argv = (corpus: string): string[] => [...common, '--corpus', join(folder, corpus)]
    const { out, killed } = await killedAgainAndAgain([...argv('killed'), '--resume', file], file, KILLS, 2)
    const whole = await shootdown(argv('whole'))
    expect(timelessHunts(out, folder)).toEqual(timelessHunts(whole.out, folder))
    expect(killed).toBeGreaterThan(0)
    // The races as they were first met have given way to their smallest forms.
    expect(readdirSync(join(folder, 'killed'))).toEqual(readdirSync(join(folder, 'whole')))
    expect(existsSync(file)).toBe(false)
  })
})

function timelessHunts(text: string, folder: string): unknown {
  const { hunts, problems }: z.infer<typeof huntJson> = huntJson.parse(JSON.parse(text))
  return {
    problems,
    hunts: hunts.map(({ space, races, ...hunt }) => ({
      ...hunt,
      seconds: 0,
      space: { ...space, seconds: 0 },
      races: races.map(({ file, ...race }) => ({
        ...race,
        file: file?.replace(folder, '').replace(/whole|killed/, ''),
      })),
    })),
  }
}

it(
  'a race is a case of the corpus as soon as it is met, before it is small',
  { timeout: 120_000 },
  async () => {
    const folder = temporaryFolder()
    const corpus = join(folder, 'corpus')
    // Three vCPUs and two speculative walks: the proof takes minutes, and the command is killed in the middle of it.
    const argv = [
      'hunt',
      '--policy',
      'hyperv-list',
      '--cpus',
      '3',
      '--runs',
      '20000',
      '--speculation',
      '2',
      '--corpus',
      corpus,
    ]
    const child = spawn(process.execPath, [bin, ...argv], { stdio: 'ignore' })
    onTestFinished(() => void child.kill('SIGKILL'))
    const cases = (): string[] =>
      existsSync(corpus) ? readdirSync(corpus).filter((name) => name.endsWith('.json')) : []
    while (cases().length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    child.kill('SIGKILL')
    await once(child, 'close')
    const { cases: kept, problems } = readCorpus(corpus)
    expect(problems).toEqual([])
    expect(kept[0].case).toMatchObject({ policy: 'hyperv-list', minimality: 'local', found: { seed: 1 } })
    const { status, json } = await shootdown(['replay', '--corpus', corpus, '--json'])
    expect(status).toBe(0)
    expect(json()).toMatchObject({ cases: [{ outcome: 'reproduced' }] })
  },
)

interface Kept {
  readonly digest: string
  readonly policies: readonly { readonly code: string }[]
}

describe('a progress file', () => {
  /** Interrupts a verification in its middle; returns its file. */
  async function interrupted(...more: string[]): Promise<string> {
    const file = join(temporaryFolder(), 'progress.json')
    const argv = [
      'verify',
      '--policy',
      'native-ipi',
      '--operations',
      '3',
      '--time',
      '1.5',
      '--resume',
      file,
      ...more,
    ]
    const { status, err } = await shootdown(argv)
    expect(status).toBe(1)
    expect(err).toContain(`The same command with --resume goes on; its progress is in ${file}.`)
    return file
  }
  const resume = (file: string, ...argv: string[]): ReturnType<typeof shootdown> =>
    shootdown(['verify', '--time', '0.1', ...argv, '--resume', file])

  it('is refused where it does not fit, in one sentence that says what does not', async () => {
    const file = await interrupted()
    const given = ['--policy', 'native-ipi', '--operations', '3']
    for (const [argv, what] of [
      [['--policy', 'native-ipi'], '"operations" for native-ipi was 3; this one\'s is 2'],
      [[...given, '--cpus', '3'], '"vcpus" for native-ipi was 2; this one\'s is 3'],
      [[...given, '--preemptions', '0'], '"preemptions" for native-ipi was 1; this one\'s is 0'],
      [
        ['--policy', 'native-rcu', '--operations', '3'],
        "list of policies was native-ipi; this one's is native-rcu",
      ],
    ] as const) {
      const { status, out, err } = await resume(file, ...argv)
      expect({ status, out }).toEqual({ status: 2, out: '' })
      expect(err).toBe(
        `${file} was kept by a command whose ${what}. Give the same command to go on, name another file with --resume FILE, or remove this one to begin anew.\n`,
      )
    }
    const hunting = await shootdown(['hunt', ...given, '--resume', file])
    expect(hunting.err).toContain("was kept by a command whose command was verify; this one's is hunt")
  })

  it('of another version, or with other code of the policy, does not fit', async () => {
    const file = await interrupted()
    const { digest: _digest, ...kept } = JSON.parse(readFileSync(file, 'utf8')) as Kept
    const [policy] = kept.policies
    for (const [other, what] of [
      [{ ...kept, version: '0.0.1' }, 'version of the package was 0.0.1'],
      [
        { ...kept, policies: [{ ...policy, code: '0123456789abcdef' }] },
        'code of native-ipi was 0123456789abcdef',
      ],
    ] as const) {
      const digest = createHash('sha256').update(JSON.stringify(other)).digest('hex')
      writeFileSync(file, JSON.stringify({ ...other, digest }))
      const { status, err } = await resume(file, '--policy', 'native-ipi', '--operations', '3')
      expect(status).toBe(2)
      expect(err).toContain(`${file} was kept by a command whose ${what}`)
    }
  })

  it('that was changed by hand is refused', async () => {
    const file = await interrupted()
    writeFileSync(file, readFileSync(file, 'utf8').replace('"units":', '"units":1'))
    const { status, err } = await resume(file, '--policy', 'native-ipi', '--operations', '3')
    expect(status).toBe(2)
    expect(err).toContain('is damaged, or was changed by hand')
  })

  it.each(['', '{', '[]', '{"format":1}', 'null'])('that is something else is refused: %j', async (text) => {
    const file = join(temporaryFolder(), 'progress.json')
    writeFileSync(file, text)
    const { status, err } = await resume(file, '--policy', 'native-ipi')
    expect(status).toBe(2)
    expect(err).toBe(
      `${file}: is something else. Expected a progress file that a hunt or a verification has kept, whole; remove it to begin anew.\n`,
    )
  })

  it('lies beside the corpus unless it is named, and is gone when the command is done', async () => {
    const corpus = join(temporaryFolder(), 'cases')
    const argv = [
      'hunt',
      '--policy',
      'native-ipi',
      '--corpus',
      corpus,
      '--runs',
      '1000000',
      '--time',
      '3',
      '--resume',
    ]
    const { err } = await shootdown(argv)
    const file = `${corpus}.hunt-progress.json`
    expect(err).toContain(file)
    expect(existsSync(file)).toBe(true)
    const quick = [
      'hunt',
      '--cpus',
      '1',
      '--runs',
      '40',
      '--policy-file',
      policyFile(BREAKS),
      '--corpus',
      corpus,
    ]
    const another = `${corpus}2`
    await shootdown([...quick, '--corpus', another, '--resume', `${another}.json`])
    expect(existsSync(`${another}.json`)).toBe(false)
  })

  it('that cannot be written is complained of once, and the search goes on', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'file'), '')
    const file = join(folder, 'file', 'progress.json')
    const { status, out, err } = await shootdown([
      'verify',
      '--policy',
      'native-ipi',
      '--policy',
      'native-rcu',
      '--cpus',
      '1',
      '--resume',
      file,
    ])
    expect(status).toBe(0)
    expect(out).toContain('native-rcu: verified within bounds')
    expect(err.match(/progress could not be written/g)).toHaveLength(1)
  })
})

it('a full disk loses neither the hunt nor what was on the disk before', async () => {
  const folder = temporaryFolder()
  const argv = [
    'hunt',
    '--cpus',
    '1',
    '--runs',
    '80',
    '--policy-file',
    policyFile(BREAKS),
    '--corpus',
    join(folder, 'corpus'),
  ]
  // No file may be larger than nothing at all: every write fails in its middle.
  const child = spawn('sh', ['-c', 'ulimit -f 0; exec "$@"', 'sh', process.execPath, bin, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' },
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => void (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (err += chunk.toString()))
  const [status] = (await once(child, 'close')) as [number]
  expect(status).toBe(1)
  expect(out).toContain('Policy "mine" violates nothing-happens.')
  expect(err).toMatch(/could not be written \(EFBIG/)
  expect(existsSync(join(folder, 'corpus')) ? readdirSync(join(folder, 'corpus')) : []).toEqual([])
})

it('a flag that is raised keeps no progress of nothing', async () => {
  const flag = sharedFlag()
  Atomics.store(flag, 0, 1)
  const file = join(temporaryFolder(), 'progress.json')
  await shootdown(['verify', '--policy', 'native-ipi', '--resume', file], flag)
  expect(existsSync(file)).toBe(false)
})
