/** A worker as the thread that hands out the units sees it: what it does, what it last reported, and whether it is there. */
import { Worker } from 'node:worker_threads'
import type { Batch, Beginning, Report } from './messages.ts'

/** A worker should come back after so many milliseconds: messages are few then, and nobody waits for the last ones. */
export const PATIENCE = 50
/** Units of the first batch; how much larger the next batch may be; and units of a batch, at most. */
const FIRST = 1
const GROWTH = 4
const LARGEST = 2000

const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)

/** Node gives a thread the options of the process; those of a text that is no file (`node --eval`) do not fit a file. */
const EXEC_ARGV = process.execArgv.filter((argument) => !argument.startsWith('--input-type'))

export class Thread {
  /** What it is doing; undefined if it waits. */
  doing: Batch | undefined
  /** What came of what it does, once that is there. */
  report: Report | undefined
  /** True once it has ended, whatever ended it: only code of the user's own, a full heap, or somebody else. */
  lost = false
  /** Units that it can be expected to do in time. */
  size = FIRST
  private readonly worker: Worker

  /** `news` is called when it has a report, or is lost. */
  constructor(beginning: Beginning, news: () => void) {
    this.worker = new Worker(ENTRY, { workerData: beginning, execArgv: EXEC_ARGV })
    this.worker.on('message', (report: Report) => {
      this.report = report
      news()
    })
    // What ends a thread is the same thing that would have ended this one: its units are done again, and it shows there.
    this.worker.on('error', () => undefined)
    this.worker.once('exit', () => {
      this.lost = true
      news()
    })
  }

  hand(batch: Batch): void {
    this.doing = batch
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a thread, not of a window
    this.worker.postMessage(batch)
  }

  /** Takes the report over: the batch is no longer being done, and the next may be larger or smaller. */
  takeReport(): { batch: Batch; report: Report } | undefined {
    const { doing: batch, report } = this
    if (batch === undefined || report === undefined) return undefined
    this.doing = this.report = undefined
    const inTime = (report.results.length * PATIENCE) / Math.max(report.milliseconds, 1)
    this.size = Math.floor(Math.max(1, Math.min(inTime, this.size * GROWTH, LARGEST)))
    return { batch, report }
  }

  /** Ends it at once, whatever it does. */
  async end(): Promise<void> {
    await this.worker.terminate()
  }
}
