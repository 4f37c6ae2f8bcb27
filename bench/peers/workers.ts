/**
 * A verification or a hunt with so many workers, in a process of its own: `node bench/peers/workers.ts verify|hunt WORKERS`.
 * Prints a line of JSON as `ours.ts` does. A policy that is safe, so that nothing ends early; the start of the workers, and
 * all that each of them compiles and remembers for itself, is paid for.
 */
import { strict as assert } from 'node:assert'
import { boundsFor, huntInWorkers, nativeIpi, verifyInWorkers } from '../../src/index.ts'
import type { Counts } from '../measure.ts'

const POLICY = nativeIpi
const BOUNDS = { preemptions: 2, speculation: 1 }
const OPERATIONS = 3
const RUNS = 2_000_000

const tasks: Readonly<Record<string, (workers: number) => Promise<Counts>>> = {
  async verify(workers) {
    const bounds = boundsFor(POLICY, BOUNDS)
    const options = { policy: POLICY, bounds, operations: OPERATIONS }
    const { verdict, states, transitions, workloads } = await verifyInWorkers({ ...options, workers })
    assert.equal(verdict, 'safe')
    return { states, transitions, workloads }
  },
  async hunt(workers) {
    const options = { runs: RUNS, estimates: false, enumerates: false }
    const { verdict, runs, steps } = await huntInWorkers(POLICY, { ...options, workers })
    assert.equal(verdict, 'clean')
    return { runs, steps }
  },
}

const [task, workers] = process.argv.slice(2)
const begun = process.cpuUsage()
const counts = await tasks[task](Number(workers))
const { user, system } = process.cpuUsage(begun)
const peak = process.resourceUsage().maxRSS * 1024
console.log(JSON.stringify({ seconds: (user + system) / 1e6, counts, peak }))
