/** The thread that a command runs on. What it writes goes to the main thread at once, also while a search is busy. */
import { parentPort, workerData } from 'node:worker_threads'
import { run } from './run.ts'
import type { Streams } from './terminal.ts'

export interface WorkerData {
  readonly argv: readonly string[]
  readonly flag: Int32Array
  readonly liveColumns: number
  readonly styled: boolean
}

/** What the worker tells the main thread. */
export type WorkerMessage =
  | { readonly out: string }
  | { readonly err: string }
  /** The command is over. */
  | { readonly status: number }
  /** Nothing is left that could happen; where the command is not over then, it never will be. */
  | { readonly idle: true }

const { argv, flag, liveColumns, styled } = workerData as WorkerData
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a thread, not of a window
const post = (message: WorkerMessage): void => parentPort!.postMessage(message)
const streams: Streams = { out: (out) => post({ out }), err: (err) => post({ err }), liveColumns, styled }

process.once('beforeExit', () => post({ idle: true }))
void run(argv, flag, streams).then((status) => post({ status }))
