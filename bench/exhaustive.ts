/**
 * Exhaustive search of a space of a few hundred thousand states: how many states and transitions a CPU second, what a
 * transition costs beside a step of a random run of the same world, and how many bytes a stored state takes beside the
 * bits that its packed form needs. Shrinking and its certificate, which search many small spaces, are left out.
 */
import { strict as assert } from 'node:assert'
import { explore, makeBounds, nativeRcu, randomWalk, Runner, Worlds, type Exploration } from '../src/index.ts'
import { measure, rate, ratio, type Counts } from './measure.ts'
import { RUNS_IN_A_HUNT } from './our-runs.ts'
import type { Report } from './report.ts'
import { largeWorkload, plainBounds, tellWorkload } from './workloads.ts'

const REPETITIONS = 5
const WARM_UP = 1
const RANDOM_RUNS = 10_000
/** Floor: bytes stored against bytes that the packed bits fill. */
const FLOOR = 1.5
const BITS = 8

/** Random runs of the same world, loaded anew as often as in a hunt, so that nothing is remembered. */
function randomSteps(worlds: Worlds): () => Counts {
  const runner = new Runner()
  const strategy = randomWalk(1)
  return () => {
    let steps = 0
    for (let i = 0; i < RANDOM_RUNS; i += RUNS_IN_A_HUNT) {
      const world = worlds.at(largeWorkload)
      for (let j = 0; j < RUNS_IN_A_HUNT; j++) steps += runner.run(world, strategy).steps
    }
    return { steps }
  }
}

export async function exhaustive(): Promise<Report> {
  const worlds = new Worlds(nativeRcu, makeBounds({ ...plainBounds, vcpus: 3, speculation: 1 }))
  let last: Exploration | undefined
  const search = (): Counts => {
    last = explore(worlds.at(largeWorkload), { fitted: true })
    assert.equal(last.violation, undefined, 'native-rcu is safe')
    assert.ok(last.complete)
    return { states: last.states, transitions: last.transitions }
  }
  const samples = await measure({ search, random: randomSteps(worlds) }, REPETITIONS, WARM_UP)
  const { states, transitions, depth, bytes, packedBits } = last!
  const overhead = bytes / states / (packedBits / BITS)
  return {
    title: 'Exhaustive search',
    about: `native-rcu, 3 vCPUs, 1 preemption, 1 speculative walk, ${tellWorkload(largeWorkload)}`,
    rows: [
      {
        states,
        transitions,
        depth,
        'states/s': rate(samples.search, 'states'),
        'transitions/s': rate(samples.search, 'transitions'),
        'random steps to a transition': ratio(samples.random, 'steps', samples.search, 'transitions'),
        'packed bits': packedBits,
        'bytes/state': bytes / states,
        'stored/packed': overhead,
      },
    ],
    floors: [{ what: 'bytes stored against bytes packed:', value: overhead, atMost: FLOOR }],
  }
}
