/**
 * The command line: hears signals and writes while the command runs on another thread. The second Ctrl-C ends at once.
 */
import { Worker } from 'node:worker_threads'
import { fail, type ShootdownError } from '../errors.ts'
import { parseArguments } from './arguments.ts'
import { NOT_AS_EXPECTED } from './commands/context.ts'
import { sharedFlag } from './interrupt.ts'
import { printHelp, printVersion } from './parser.ts'
import { terminal } from './terminal.ts'
import type { WorkerData, WorkerMessage } from './worker.ts'

const INTERRUPTED = 130

/** Runs a command line and returns its exit status. */
export async function main(argv: string[]): Promise<number> {
  // They stay: what was written may fail after the command is over.
  process.stdout.off('error', endUnheard).on('error', endUnheard)
  process.stderr.off('error', goOnUnheard).on('error', goOnUnheard)
  const { command, help, version, json, options } = parseArguments(argv)
  if (help || version) {
    if (help) printHelp(command)
    else printVersion()
    return 0
  }
  const flag = sharedFlag()
  const raise = (): void => {
    if (Atomics.exchange(flag, 0, 1) !== 0) process.exit(INTERRUPTED)
  }
  process.on('SIGINT', raise)
  process.on('SIGTERM', raise)
  try {
    const ended = await runOnWorker(argv, flag, json)
    if ('heap' in ended) return complain(fail.outOfHeap(), json)
    return 'status' in ended ? ended.status : endedWithoutWord(ended, options.policyFile, json)
  } finally {
    process.off('SIGINT', raise)
    process.off('SIGTERM', raise)
  }
}

/**
 * Standard output takes no more. A reader that has seen enough (`| head`) closes the pipe, and that is no error of ours; a
 * full disk is one, and what was reported is lost.
 */
function endUnheard(error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit(0)
  process.stderr.write(`${fail.outputWrite(error).message}\n`)
  process.exit(NOT_AS_EXPECTED)
}

/** Complaints that nobody can hear are no reason to stop. */
function goOnUnheard(): void {}

/** The command's status; or the code of a thread that ended before it had one, and whether it had nothing left to do. */
type Ended =
  | { readonly status: number }
  | { readonly code: number; readonly idle: boolean }
  /** The thread's heap was full. */
  | { readonly heap: true }

function runOnWorker(argv: readonly string[], flag: Int32Array, json: boolean): Promise<Ended> {
  const data: WorkerData = {
    argv,
    flag,
    liveColumns: process.stderr.isTTY ? process.stderr.columns : 0,
    styled: process.stdout.isTTY && process.stdout.hasColors(),
  }
  const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js'
  const worker = new Worker(new URL(file, import.meta.url), { workerData: data, stdout: true })
  // What code of the user's own prints (console.log in a policy) is no part of the one object of --json.
  worker.stdout.pipe(json ? process.stderr : process.stdout, { end: false })
  return new Promise<Ended>((resolve, reject) => {
    let status: number | undefined
    let idle = false
    worker.on('message', (message: WorkerMessage) => {
      if ('out' in message) process.stdout.write(message.out)
      else if ('err' in message) process.stderr.write(message.err)
      else if ('status' in message) ({ status } = message)
      else ({ idle } = message)
    })
    worker.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? resolve({ heap: true }) : reject(error),
    )
    worker.once('exit', (code) => resolve(status === undefined ? { code, idle } : { status }))
  })
}

/** Says why a command ended before its report: only code of the user's own can have that effect. */
function endedWithoutWord(
  { code, idle }: { code: number; idle: boolean },
  policyFile: unknown,
  json: boolean,
): number {
  const file = typeof policyFile === 'string' ? policyFile : 'The command'
  const error: ShootdownError = idle
    ? fail.policyFile(file, 'it never finishes loading: a top-level await waits for what does not happen')
    : fail.endedByUserCode(file, code)
  return complain(error, json)
}

/** Says what ended the command in place of its report. */
function complain(error: ShootdownError, json: boolean): number {
  const streams = {
    out: (text: string) => void process.stdout.write(text),
    err: (text: string) => void process.stderr.write(text),
    liveColumns: 0,
    styled: false,
  }
  const out = terminal(streams, json)
  out.complain(error.message)
  out.object({ error: { code: error.code, message: error.message } })
  return NOT_AS_EXPECTED
}
