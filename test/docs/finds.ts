/**
 * The folders that docs/reading-a-race.md tidies up: each has one race twice, without a proof, as a hunt that was
 * interrupted leaves it, with an operation too many.
 */
import { join } from 'node:path'
import {
  keep,
  livenessBounds,
  makeCase,
  shortest,
  Worlds,
  type Race,
  type Workload,
} from '../../src/index.ts'
import { temporaryFolder } from '../corpus/folder.ts'
import { raceNamed } from '../explain/races.ts'

const read = { op: 'read', page: 0 }
const write = { op: 'write', page: 2 }

/** The race that is found where each CPU has something else to do first. */
function padded({ policy, bounds, workload, violation: { invariant } }: Race, before: Workload): Race {
  const wider = workload.map((ops, cpu) => [...before[cpu], ...ops])
  const { found } = shortest(new Worlds(policy, bounds).at(wider), { invariant })
  return { policy, bounds, workload: wider, schedule: found!.schedule, violation: found!.violation }
}

/** Makes the folders anew; returns the one that they are in. */
export function finds(): string {
  const root = temporaryFolder()
  const spin = raceNamed('shootdown-vs-irqoff-spin')
  const races: Record<string, Race> = {
    2017: raceNamed('hyperv-list'),
    2022: raceNamed('hyperv-rcu'),
    spin: { ...spin, bounds: livenessBounds(spin.policy) },
  }
  for (const [name, race] of Object.entries(races))
    for (const before of [
      [[read], []],
      [[], [write]],
    ])
      keep(join(root, name), makeCase(padded(race, before), undefined))
  return root
}
