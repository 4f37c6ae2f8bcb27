/**
 * Exhaustive search of a space of a few hundred thousand states: how many states and transitions a CPU second, what a
 * stored transition costs beside a step of a random run of the same world, and how many bytes a state takes beside the
 * bits that its packed form needs. Shrinking and its certificate, which search many small spaces, are left out.
 */
import { strict as assert } from 'node:assert'
import { explore, makeBounds, nativeRcu, randomWalk, Runner, Worlds, type Exploration } from '../src/index.ts'
import { measure, rate, ratio, type Counts } from './measure.ts'
import type { Report } from './report.ts'
import { largeWorkload, tellWorkload } from './workloads.ts'

const REPETITIONS = 5
const RANDOM_RUNS = 10_000
/** Floor: bytes stored against bytes that the packed bits fill. */
const FLOOR = 1.5
const BITS = 8

export async function exhaustive(): Promise<Report> {
  const world = new Worlds(nativeRcu, makeBounds({ vcpus: 3, preemptions: 1, speculation: 1 })).at(
    largeWorkload,
  )
  const runner = new Runner()
  const strategy = randomWalk(1)
  let last: Exploration | undefined
  const search = (fitted: boolean) => (): Counts => {
    const result = explore(world, { fitted })
    assert.equal(result.violation, undefined, 'native-rcu is safe')
    assert.ok(result.complete)
    if (fitted) last = result
    return { states: result.states, transitions: result.transitions }
  }
  const samples = await measure(
    {
      fitted: search(true),
      random: () => {
        let steps = 0
        for (let i = 0; i < RANDOM_RUNS; i++) steps += runner.run(world, strategy).steps
        return { steps }
      },
    },
    REPETITIONS,
    1,
  )
  const { states, transitions, depth, bytes, packedBits } = last!
  const overhead = bytes / states / (packedBits / BITS)
  return {
    title: 'Exhaustive search',
    about: `native-rcu, 3 vCPUs, 1 preemption, 1 speculative walk, ${tellWorkload(largeWorkload)}, packing fitted`,
    rows: [
      {
        states,
        transitions,
        depth,
        'states/s': rate(samples.fitted, 'states'),
        'transitions/s': rate(samples.fitted, 'transitions'),
        'random steps to a transition': ratio(samples.random, 'steps', samples.fitted, 'transitions'),
        'packed bits': packedBits,
        'bytes/state': bytes / states,
        'stored/packed': overhead,
      },
    ],
    floors: [{ what: 'bytes stored against bytes packed:', value: overhead, atMost: FLOOR }],
  }
}
