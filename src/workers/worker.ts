/** The thread of a worker: makes its plan, does the units that it is handed, and reports. */
import { parentPort, workerData } from 'node:worker_threads'
import { ShootdownError } from '../errors.ts'
import type { UnitResult } from '../plan/plan.ts'
import type { Batch, Beginning, Report, Thrown } from './messages.ts'
import { planOf } from './recipe.ts'

const { recipe, flag, patience } = workerData as Beginning
const stop = (): boolean => Atomics.load(flag, 0) !== 0
const plan = planOf(recipe)
// Whoever hands a batch is told.
plan.catch(() => undefined)

async function work({ from, to }: Batch): Promise<Report> {
  const results: UnitResult[] = []
  let thrown: Thrown | undefined
  let begun = performance.now()
  const spent = (): number => performance.now() - begun
  try {
    const { run } = await plan.then((made) => ({ run: (unit: number) => made.run(unit, stop) }))
    begun = performance.now()
    for (let unit = from; unit < to; unit++) {
      const result = run(unit)
      results.push(result)
      if (!result.whole || stop() || spent() > patience) break
    }
  } catch (error) {
    thrown = { message: String(error), code: undefined }
    if (error instanceof ShootdownError) thrown = { message: error.message, code: error.code }
  }
  return { results, thrown, milliseconds: spent() }
}

parentPort!.on('message', (batch: Batch) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a thread, not of a window
  void work(batch).then((report) => parentPort!.postMessage(report))
})
