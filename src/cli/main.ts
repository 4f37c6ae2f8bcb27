/** The command line: hears signals while the command runs on another thread. The second Ctrl-C ends at once. */
import { Worker } from 'node:worker_threads'
import { sharedFlag } from './interrupt.ts'
import { parser } from './parser.ts'
import type { WorkerData, WorkerMessage } from './worker.ts'

const INTERRUPTED = 130

/** Runs a command line and returns its exit status. */
export async function main(argv: string[]): Promise<number> {
  const { help, version } = parser().parse(['node', 'shootdown', ...argv], { run: false }).options as Record<
    string,
    unknown
  >
  if (help === true || version === true) return 0
  const flag = sharedFlag()
  const raise = (): void => {
    if (Atomics.exchange(flag, 0, 1) !== 0) process.exit(INTERRUPTED)
  }
  process.on('SIGINT', raise)
  process.on('SIGTERM', raise)
  // A reader that has seen enough (`| head`) closes the pipe; that is no error of ours.
  process.stdout.on('error', () => process.exit(0))
  try {
    return await runOnWorker(argv, flag)
  } finally {
    process.off('SIGINT', raise)
    process.off('SIGTERM', raise)
  }
}

function runOnWorker(argv: readonly string[], flag: Int32Array): Promise<number> {
  const data: WorkerData = {
    argv,
    flag,
    liveColumns: process.stderr.isTTY ? process.stderr.columns : 0,
    styled: process.stdout.isTTY && process.stdout.hasColors(),
  }
  const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js'
  const worker = new Worker(new URL(file, import.meta.url), { workerData: data })
  return new Promise<number>((resolve, reject) => {
    let status: number | undefined
    worker.on('message', (message: WorkerMessage) => {
      if ('out' in message) process.stdout.write(message.out)
      else if ('err' in message) process.stderr.write(message.err)
      else ({ status } = message)
    })
    worker.once('error', reject)
    worker.once('exit', (code) => resolve(status ?? code))
  })
}
