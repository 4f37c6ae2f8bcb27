/** Races of more operations than can be searched come to the same small one, even where nothing can be taken out of them. */
import { describe, expect, it } from 'vitest'
import { makeCase } from '../../src/corpus/case.ts'
import { flushBeforeUnhook, flushNobody, hypervList, staticKeyEarly } from '../../src/policies/index.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { operationCount, type Workload } from '../../src/scenario/workload.ts'
import { sizeOf } from '../../src/scenario/race.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { nearWorkloads } from '../../src/shrink/candidates.ts'
import { descend, type Scope } from '../../src/shrink/certificate.ts'
import { withFewerOperations } from '../../src/shrink/fewer.ts'
import { shortest } from '../../src/shrink/shortest.ts'
import { shrink, shrinkWorkload } from '../../src/shrink/shrink.ts'
import { quiet } from '../explore/quiet.ts'
import { raceIn, replay } from './races.ts'

const bounds = quiet({ preemptions: 0 })
const on = (op: string, page: number) => ({ op, page })
const turn = { op: 'turn_key' }

/** By what they come to: workloads out of which nothing can be taken. */
const families: readonly {
  readonly policy: AnyPolicy
  readonly invariant: string
  readonly from: readonly Workload[]
  readonly to: Workload
  readonly scope: Scope
}[] = [
  {
    policy: staticKeyEarly,
    invariant: 'software-walk',
    from: [
      [[turn, on('gup_fast', 0)], [on('munmap', 0)]],
      [[on('munmap', 2), turn, on('gup_fast', 3)], [on('reclaim', 3)]],
    ],
    to: [[turn, on('gup_fast', 0)], [on('munmap', 0)]],
    scope: 'sub-workloads',
  },
  {
    policy: hypervList,
    invariant: 'software-walk',
    from: [[[on('munmap', 2), on('munmap', 3)], [on('gup_fast', 2)]]],
    to: [[on('munmap', 0)], [on('gup_fast', 0)]],
    // Of two operations all workloads can be searched.
    scope: 'all-workloads',
  },
]

describe.each(families)('$policy.name', ({ policy, invariant, from, to, scope }) => {
  const races = from.map((workload) => raceIn(policy, bounds, workload, invariant))

  it('is met in workloads out of which nothing can be taken', () => {
    for (const [i, race] of races.entries())
      expect(operationCount(shrinkWorkload(race).workload)).toBe(operationCount(from[i]))
  })

  it('comes to the same case from each of them', () => {
    const cases = races.map((race) => {
      const shrunk = shrink(race)
      expect(replay(shrunk.race)).toEqual(shrunk.race.violation)
      expect(shrunk.race.workload).toEqual(to)
      expect(shrunk.certificate?.scope).toBe(scope)
      return JSON.stringify(makeCase(shrunk.race, shrunk.certificate))
    })
    expect(new Set(cases).size).toBe(1)
  })
})

describe('a descent', () => {
  const workload = [[on('reclaim', 0), on('read', 2)], [on('collapse', 2)]]
  const spied = quiet({ speculation: 1, preemptions: 0 })
  const race = raceIn(flushNobody, spied, workload, 'page-size-coherence')
  const small = descend(race)
  const sizeIn = ({ bounds: given, workload: ops, schedule }: typeof race) =>
    sizeOf(new Worlds(flushNobody, given).at(ops), { bounds: given, workload: ops, schedule })

  it('goes from one race to a smaller one near it', () => {
    expect(sizeIn(race)).toEqual({ operations: 3, vcpus: 2, switches: 2, steps: 22 })
    expect(sizeIn(small)).toEqual({ operations: 3, vcpus: 2, switches: 2, steps: 16 })
    expect(replay(small)).toEqual(small.violation)
  })

  it('goes to a machine of fewer vCPUs, where one of them can do it all', () => {
    const apart = [[on('write', 2), on('read', 3)], [on('collapse', 2)]]
    const { bounds: found, workload: alone } = descend(
      raceIn(flushBeforeUnhook, spied, apart, 'page-size-coherence'),
    )
    expect(found.vcpus).toBe(1)
    expect(alone).toEqual([[on('collapse', 2), on('mprotect', 0), on('read', 2)]])
  })

  it('ends where nothing near is smaller, on as many vCPUs', () => {
    const { switches, steps } = sizeIn(small)
    const worlds = new Worlds(flushNobody, spied)
    for (const near of nearWorkloads(flushNobody, small.workload, spied, 3)!) {
      const below = { switches, steps }
      expect(shortest(worlds.at(near), { invariant: 'page-size-coherence', below }).found).toBeUndefined()
    }
  })

  it('stays where it is if it may not search', () => {
    expect(descend(race, { stop: () => true })).toBe(race)
    expect(descend(race, { maxStates: 10 })).toBe(race)
  })
})

describe('whether fewer operations would do', () => {
  const race = raceIn(
    hypervList,
    bounds,
    [[on('munmap', 2), on('munmap', 3)], [on('gup_fast', 2)]],
    'software-walk',
  )

  it('is found out', () => {
    const fewer = withFewerOperations(race)!
    expect(operationCount(fewer.workload)).toBe(2)
    expect(replay(fewer)).toEqual(fewer.violation)
    expect(withFewerOperations(fewer)).toBeUndefined()
  })

  it('is not, if it may not be searched', () => {
    expect(withFewerOperations(race, { stop: () => true })).toBeUndefined()
    expect(withFewerOperations(race, { maxStates: 10 })).toBeUndefined()
  })
})
