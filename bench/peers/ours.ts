/**
 * One contender of this package, or of fast-check, in a process of its own, so that nothing that was compiled for another
 * one is left over: `node bench/peers/ours.ts TASK POLICY CPUS ROUNDS PREEMPTIONS RUNS`, or `... SEARCH [SECONDS MEBIBYTES]`. Prints
 * a line of JSON: what was counted, and the CPU seconds that it took without the start of the process. Random runs are warmed up by
 * a part of them; a search is not.
 */
import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import type { System } from '../../src/engine/system.ts'
import { randomWalk, Runner } from '../../src/index.ts'
import { Space } from '../../src/protocol/index.ts'
import type { Counts } from '../measure.ts'
import { seedMachine } from '../protocols/seed-machine.ts'
import { seedRace, type SeedPolicy, type SeedSize } from '../protocols/seed-race.ts'
import { schedulerRace } from './scheduler.ts'
import { searches } from './searches.ts'

/** The part of the runs that comes before, untimed. */
const WARM_UP = 0.2

/** Does so many runs; what was remembered of those before stays. */
type Runs = (runs: number) => Counts | Promise<Counts>

/** Limits of CPU seconds and of memory; past them a search is given up, and `complete` is 0. */
function search(system: System, name: string, seconds = Infinity, mebibytes = Infinity): Counts {
  const stop = (): boolean => {
    const { user, system: kernel } = process.cpuUsage()
    return user + kernel > seconds * 1e6 || process.memoryUsage.rss() > mebibytes * 2 ** 20
  }
  const { states, transitions, depth, bytes, complete } = searches[name](system, {
    stop,
    maxStates: Infinity,
  })
  return { states, transitions, depth, bytes, complete: complete ? 1 : 0 }
}

function randomRuns(system: System): Runs {
  const runner = new Runner()
  const strategy = randomWalk(1)
  return (runs) => {
    let steps = 0
    for (let i = 0; i < runs; i++) {
      const run = runner.run(system, strategy)
      assert.equal(run.violation, undefined)
      steps += run.steps
    }
    return { runs, steps }
  }
}

function schedulerRuns(policy: SeedPolicy, size: SeedSize): Runs {
  const tally = { steps: 0 }
  const property = schedulerRace(policy, size, tally)
  let seed = 1
  return async (runs) => {
    tally.steps = 0
    const { failed, errorInstance } = await fc.check(property, { numRuns: runs, seed: seed++ })
    assert.equal(failed, false, String(errorInstance))
    return { runs, steps: tally.steps }
  }
}

async function timed(work: () => Counts | Promise<Counts>): Promise<object> {
  const begun = process.cpuUsage()
  const counts = await work()
  const { user, system } = process.cpuUsage(begun)
  return { seconds: (user + system) / 1e6, counts, peak: process.resourceUsage().maxRSS * 1024 }
}

const [task, policy, ...words] = process.argv.slice(2) as [string, SeedPolicy, ...string[]]
const [cpus, rounds, preemptions] = words.map(Number)
const size: SeedSize = { cpus, rounds, preemptions }
const [, , , last, ...limits] = words
const systems: Readonly<Record<string, () => System>> = {
  protocol: () => new Space(seedRace(policy, size)),
  machine: () => seedMachine(policy, size),
}
const makers: Readonly<Record<string, () => Runs>> = {
  'protocol-runs': () => randomRuns(systems['protocol']()),
  'machine-runs': () => randomRuns(systems['machine']()),
  'scheduler-runs': () => schedulerRuns(policy, size),
}
const make = makers[task]
if (make === undefined) {
  const system = systems[task]()
  console.log(JSON.stringify(await timed(() => search(system, last, ...limits.map(Number)))))
} else {
  const work = make()
  const runs = Number(last)
  await work(Math.ceil(runs * WARM_UP))
  console.log(JSON.stringify(await timed(() => work(runs))))
}
