/** --max-memory: the process stays below it, and says what was completed and what to lower. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { moduleFile, policyText, shootdown } from './drive.ts'

const bin = fileURLToPath(new URL('../../bin/shootdown.js', import.meta.url))

/** Runs the command, and watches the most memory that it ever held, in megabytes. */
async function watched(argv: readonly string[], options = '') {
  const child = spawn(process.execPath, [bin, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: options },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const written = { out: '', err: '', most: 0 }
  child.stdout.on('data', (chunk: Buffer) => void (written.out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (written.err += chunk.toString()))
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      written.most = Math.max(written.most, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
    } catch {
      // It has just ended.
    }
  }, 20)
  const [status] = (await once(child, 'close')) as [number]
  clearInterval(timer)
  return { status, ...written }
}

it.runIf(existsSync('/proc/self/status'))(
  'a verification that outgrows it ends with what was completed and what to lower, and stays below it',
  { timeout: 120_000 },
  async () => {
    // The first workload of two operations with an access has more states than there is room for.
    const large = ['--policy', 'native-rcu', '--cpus', '4', '--speculation', '3', '--preemptions', '3']
    const { status, out, most } = await watched(['verify', ...large, '--max-memory', '220M'])
    expect(status).toBe(1)
    expect(out).toMatch(
      /^native-rcu: not verified, given up within .* after [\d,]+ workloads?, [\d,]+ states, .*\. The states of workload [\d,]+ of [\d,]+ take more memory than there is; (every workload of up to 1 operations was searched|not even all workloads of one operation were searched).*\. Lower the number of operations, vCPUs, preemptions or speculative walks, or raise the limit/,
    )
    expect(most).toBeGreaterThan(80)
    expect(most).toBeLessThanOrEqual(220)
  },
)

it.each([
  ['much', 'a size such as 500M or 2G'],
  ['500', 'a size such as 500M or 2G'],
  ['1M', 'before anything is searched'],
])('a limit that is none is refused: %s', async (size, expected) => {
  const { status, err } = await shootdown(['verify', '--policy', 'native-ipi', '--max-memory', size])
  expect(status).toBe(2)
  expect(err).toContain(`Option --max-memory is "${size}"; expected`)
  expect(err).toContain(expected)
})

it('a limit that is large enough changes nothing', async () => {
  const argv = ['verify', '--cpus', '1', '--operations', '1', '--policy', 'native-ipi', '--max-memory', '64G']
  expect(await shootdown(argv)).toMatchObject({ status: 0, err: '' })
})

it('a heap that is full ends the command in one sentence', { timeout: 120_000 }, async () => {
  const file = moduleFile(`const hoard = []
    export default ${policyText(`*flush(cpu, request) {
      for (;;) hoard.push({ more: hoard.length })
    },`)}`)
  const { status, err } = await watched(['verify', '--policy-file', file], '--max-old-space-size=80')
  expect(status).toBe(1)
  expect(err).toContain('Memory ended: the command needs more than Node gives to its heap.')
})
