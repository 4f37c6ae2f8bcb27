/** The command as it is installed: a process with an exit status, signals and pipes that close. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { errorJson, huntJson, verifyJson } from '../../src/index.ts'
import { temporaryFolder } from '../corpus/folder.ts'
import { BREAKS, moduleFile, policyFile, policyText, QUICK, SHIPPED } from './drive.ts'

const bin = fileURLToPath(new URL('../../bin/shootdown.js', import.meta.url))

const cache = join(tmpdir(), 'shootdown-compile-cache')

type Started = ReturnType<typeof start>

/** Starts the command and records what it writes. */
function start(argv: readonly string[], out: 'pipe' | number = 'pipe') {
  const child = spawn(process.execPath, [bin, ...argv], {
    cwd: temporaryFolder(),
    // Half of the time to start goes into stripping types.
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
    stdio: ['ignore', out, 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const written = { out: '', err: '' }
  child.stdout?.on('data', (chunk: Buffer) => void (written.out += chunk.toString()))
  child.stderr!.on('data', (chunk: Buffer) => void (written.err += chunk.toString()))
  const ended = once(child, 'close').then(([status, signal]) => ({
    status: status as number | null,
    signal: signal as string | null,
  }))
  return { child, written, ended }
}

/** Waits until it has written some text to standard error. */
async function said({ child, written }: Started, text: string): Promise<void> {
  while (!written.err.includes(text)) await once(child.stderr!, 'data')
}

/** A policy file that says on standard error when the policy runs for the first time, in the middle of a search. */
const announced = (rest: string): string =>
  moduleFile(`let told = false
    export default ${policyText(`*flush(cpu, request) {
      if (!told) process.stderr.write('searching\\n')
      told = true
      ${rest}
    },`)}`)

const SOUND = 'yield* cpu.flushLocal(request); yield* cpu.callFunction(request.targets, request)'

describe('the exit status', () => {
  it('of a hunt that finds what it should not is 1, and standard output is the JSON alone', async () => {
    const { written, ended } = start(['hunt', ...QUICK, '--policy-file', policyFile(BREAKS), '--json'])
    expect(await ended).toEqual({ status: 1, signal: null })
    expect(huntJson.parse(JSON.parse(written.out)).hunts[0].verdict).toBe('race')
    expect(written.err).toBe('')
  })

  it('of a wrong use is 2, and standard output is empty', async () => {
    const { written, ended } = start(['hunt', '--policy-file', moduleFile('export default {{{')])
    expect(await ended).toEqual({ status: 2, signal: null })
    expect(written.out).toBe('')
    expect(written.err).toMatch(
      /^.+policy\.ts: could not be loaded \(.+\)\. Expected a TypeScript module[^\n]+\n$/,
    )
  })
})

describe('a signal', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    '%s in the middle of a verification ends it within two seconds, with a report and status 1',
    async (signal) => {
      const started = start(['verify', '--operations', '3', '--policy-file', announced(SOUND)])
      await said(started, 'searching')
      const begun = performance.now()
      started.child.kill(signal)
      expect(await started.ended).toEqual({ status: 1, signal: null })
      expect(performance.now() - begun).toBeLessThan(2000)
      expect(started.written.out).toMatch(/^mine: not verified, given up within up to 3 operations, /)
      expect(started.written.err).toBe(
        'searching\nEnded early; nothing is claimed of what was not searched.\n',
      )
    },
  )

  it('a second time ends what does not listen, with status 130', async () => {
    const started = start(['verify', '--policy-file', announced('for (;;);')])
    await said(started, 'searching')
    started.child.kill('SIGINT')
    await new Promise((resolve) => setTimeout(resolve, 100))
    started.child.kill('SIGINT')
    expect(await started.ended).toEqual({ status: 130, signal: null })
  })
})

describe('a pipe', () => {
  it('that is closed early, as by head, is no crash', async () => {
    const { child, written, ended } = start(['show', '--corpus', SHIPPED])
    await once(child.stdout!, 'data')
    child.stdout!.destroy()
    expect(await ended).toEqual({ status: 0, signal: null })
    expect(written.err).toBe('')
  })

  it.runIf(existsSync('/dev/full')).each([['policies'], ['--help']])(
    'that is full is told in one sentence, with status 1: %s',
    async (...argv) => {
      const { ended, written } = start(argv, openSync('/dev/full', 'w'))
      expect((await ended).status).toBe(1)
      expect(written.err).toMatch(/^Standard output could not be written \(ENOSPC[^\n]+\n$/)
    },
  )
})

describe('code of a policy file', () => {
  const AT_ONCE = ['verify', '--cpus', '1', '--operations', '1']

  it('that prints does not come between the report and who reads it with --json', async () => {
    const file = moduleFile(`console.log('loading')
      export default ${policyText(`*flush(cpu, request) {
        console.log('flushing')
        process.stdout.write('still flushing\\n')
        ${SOUND}
      },`)}`)
    const { written, ended } = start([...AT_ONCE, '--policy-file', file, '--json'])
    expect((await ended).status).toBe(0)
    expect(verifyJson.parse(JSON.parse(written.out))).toMatchObject({ verdict: 'safe' })
    expect(written.err).toMatch(/^loading\nflushing\nstill flushing\n/)
    const plain = start([...AT_ONCE, '--policy-file', file])
    await plain.ended
    expect(plain.written.out).toContain('flushing\n')
  })

  it.each([
    ['that never finishes loading', 'await new Promise(() => {})', 'it never finishes loading'],
    ['that ends the process', 'process.exit(0)', 'the command ended without a report, with code 0'],
  ])('%s is named, with status 1', async (_what, code, said) => {
    const file = moduleFile(code)
    const { written, ended } = start([...AT_ONCE, '--policy-file', file])
    expect({ ...(await ended), out: written.out }).toEqual({ status: 1, signal: null, out: '' })
    expect(written.err).toMatch(/^[^\n]+\n$/)
    expect(written.err).toContain(`${file}: ${said}`)
    const json = start([...AT_ONCE, '--policy-file', file, '--json'])
    await json.ended
    expect(errorJson.parse(JSON.parse(json.written.out)).error.message).toBe(written.err.trimEnd())
  })
})

it('where there is no corpus yet, replay says that there is nothing to replay, with status 0', async () => {
  const { written, ended } = start(['replay'])
  expect((await ended).status).toBe(0)
  expect(written.out).toMatch(/^There is nothing to replay: there is no folder "corpus" yet; /)
})

it('a corpus may be a folder whose name is a number', async () => {
  const hunting = ['hunt', ...QUICK, '--policy-file', policyFile(BREAKS), '--corpus', '007']
  const { written, ended } = start(hunting)
  expect((await ended).status).toBe(1)
  expect(written.out).toMatch(/^Saved as 007\/mine-nothing-happens-.+\.json\./m)
})
