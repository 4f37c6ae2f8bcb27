/**
 * What each reduction leaves of the seed race, and of a race on the whole machine, and how much less time its search takes
 * than that of the whole space. Building the reduced system, which learns what steps touch, is part of the time.
 */
import { strict as assert } from 'node:assert'
import {
  explore,
  makeBounds,
  nativeRcu,
  reduced,
  Worlds,
  type Reductions,
  type System,
} from '../src/index.ts'
import { Space } from '../src/protocol/index.ts'
import { measure, median, type Counts } from './measure.ts'
import { seedRace } from './protocols/seed-race.ts'
import type { Report, Row } from './report.ts'
import { largeWorkload, plainBounds } from './workloads.ts'

const REPETITIONS = 3
const WARM_UP = 1
/** Floor: how many times as fast as the whole search all reductions together make that of the seed race. */
const FLOOR = 10

const none: Reductions = { schedules: false, order: false, cpus: false }
const all: Reductions = { schedules: true, order: true, cpus: true }
const ofProtocols: Readonly<Record<string, Reductions>> = {
  'seed race': none,
  '- scheduling symmetry': { ...none, schedules: true },
  '- and partial order': { ...all, cpus: false },
  '- and CPU symmetry': { ...all, order: false },
  '- all': all,
}

export async function reductions(): Promise<Report> {
  const worlds = new Worlds(nativeRcu, makeBounds({ ...plainBounds, vcpus: 3 }))
  const search = (make: () => System) => (): Counts => {
    const { states, transitions, violation } = explore(make(), { fitted: true })
    assert.equal(violation, undefined, 'both are safe')
    return { states, transitions }
  }
  const contenders: Record<string, () => Counts> = {
    'native-rcu': search(() => worlds.at(largeWorkload)),
    '- scheduling symmetry of it': search(() => reduced(worlds.at(largeWorkload))),
  }
  const size = { cpus: 4, rounds: 3, preemptions: 2 }
  for (const [name, chosen] of Object.entries(ofProtocols))
    contenders[name] = search(() => reduced(new Space(seedRace('ipi', size)), chosen))
  const samples = await measure(contenders, REPETITIONS, WARM_UP)
  const seconds = (name: string): number => median(samples[name].map((sample) => sample.seconds))
  const row = (name: string, whole: string): Row => ({
    search: name,
    ...samples[name][0].counts,
    seconds: seconds(name),
    'times as fast': seconds(whole) / seconds(name),
  })
  return {
    title: 'Reductions',
    about: 'seed race, IPIs, 4 CPUs, 3 rounds, 2 preemptions; native-rcu, 3 vCPUs, 1 preemption',
    rows: [
      ...Object.keys(ofProtocols).map((name) => row(name, 'seed race')),
      row('native-rcu', 'native-rcu'),
      row('- scheduling symmetry of it', 'native-rcu'),
    ],
    floors: [
      {
        what: 'all reductions against none:',
        value: seconds('seed race') / seconds('- all'),
        atLeast: FLOOR,
      },
    ],
  }
}
