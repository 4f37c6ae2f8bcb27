/** What a certificate says is true, and stays true when it is proved again. */
import { describe, expect, it } from 'vitest'
import { bruteForce } from '../explore/brute-force.ts'
import { quiet } from '../explore/quiet.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { flushBeforeUnhook, flushNobody, hypervList, staticKeyEarly } from '../../src/policies/index.ts'
import { variable } from '../../src/machine/word.ts'
import { sizeOf } from '../../src/scenario/race.ts'
import { enumerateWorkloads } from '../../src/scenario/enumerate-workloads.ts'
import { operationCount } from '../../src/scenario/workload.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { certify, certifyAgain, withVcpus } from '../../src/shrink/certificate.ts'
import { everyState } from './brute-force.ts'
import { raceIn, replay } from './races.ts'

const small = quiet({ groups: [[0]], preemptions: 0 })
const of2017 = raceIn(
  hypervList,
  small,
  [[{ op: 'munmap', page: 0 }], [{ op: 'gup_fast', page: 0 }]],
  'software-walk',
)
const ofKey = raceIn(
  staticKeyEarly,
  small,
  [[{ op: 'turn_key' }, { op: 'gup_fast', page: 0 }], [{ op: 'munmap', page: 0 }]],
  'software-walk',
)
const races = [
  { name: '2017', race: of2017, certified: certify(of2017, 'all-workloads')! },
  { name: 'the static key', race: ofKey, certified: certify(ofKey, 'all-workloads')! },
]

describe('a race that is certified for all workloads', () => {
  it.each(races)(
    'has no race of its invariant among the workloads with an operation fewer: $name',
    ({ certified }) => {
      const { race: minimal } = certified
      const worlds = new Worlds(minimal.policy, minimal.bounds)
      const smaller = enumerateWorkloads(minimal.policy, 2, operationCount(minimal.workload) - 1, [[0]])
      expect(smaller.length).toBeGreaterThan(8)
      for (const workload of smaller)
        expect(bruteForce(worlds.at(workload), false).violated).not.toContain(minimal.violation.invariant)
    },
  )

  it('has none among the workloads of as many operations that costs less', () => {
    const { race } = races[0].certified
    const { switches, steps } = sizeOf(new Worlds(race.policy, race.bounds).at(race.workload), race)
    const worlds = new Worlds(race.policy, race.bounds)
    for (const workload of enumerateWorkloads(race.policy, 2, 2, [[0]])) {
      const least = everyState(worlds.at(workload)).get('software-walk')
      if (least === undefined) continue
      expect(least.switches).toBeGreaterThanOrEqual(switches)
      if (least.switches === switches) expect(least.steps).toBeGreaterThanOrEqual(steps)
    }
  })

  it('counts every workload of as many operations or fewer, on as many vCPUs or fewer', () => {
    const { certificate } = races[0].certified
    const all = [1, 2].flatMap((operations) =>
      [1, 2].flatMap((vcpus) => enumerateWorkloads(hypervList, vcpus, operations, [[0]])),
    )
    expect(certificate).toMatchObject({ scope: 'all-workloads', workloads: all.length })
  })

  it.each(races)('is proved again by as many workloads and states: $name', ({ certified }) => {
    expect(certifyAgain(certified)).toEqual(certified)
  })

  it('names the machine that was searched and is proved again on it, where the race came out on fewer vCPUs', () => {
    const bounds = quiet({ groups: [[0]], speculation: 1 })
    const workload = [[{ op: 'munmap', page: 0 }], [{ op: 'read', page: 0 }]]
    const first = certify(raceIn(flushBeforeUnhook, bounds, workload, 'frame-lifetime'), 'all-workloads')!
    expect(first.race.bounds.vcpus).toBe(1)
    expect(first.certificate.machine).toEqual({ vcpus: 2, pcpus: 2 })
    expect(certifyAgain(first)).toEqual(first)
  })

  it('is not given to a race that goes round for ever', () => {
    expect(certify({ ...of2017, cycle: 2 }, 'all-workloads')).toBeUndefined()
    expect(certify({ ...of2017, cycle: 2 }, 'sub-workloads')).toBeUndefined()
  })

  it('is not given where the search is stopped or may not grow', () => {
    expect(certify(of2017, 'all-workloads', { stop: () => true })).toBeUndefined()
    expect(certify(of2017, 'all-workloads', { maxStates: 100 })).toBeUndefined()
  })
})

describe('a race that is certified for what is left of its workload', () => {
  /** Its invariant takes four operations to break, and no three of them will do. */
  const fourTimes = definePolicy({
    name: 'four-times',
    summary: 'counts to four',
    symmetric: true,
    shared: { count: variable({ max: 7 }) },
    *flush() {},
    operations: {
      count_up: {
        summary: 'add one',
        *run(cpu) {
          yield* cpu.fetchAdd(cpu.shared.count.of(), 1)
        },
      },
    },
    invariants: [
      {
        name: 'below-four',
        sentence: 'nobody counts to four',
        holds: (shared, read) => read(shared.count.of()) < 4,
      },
    ],
  })
  const up = { op: 'count_up' }

  it('needs all of its four operations, and is proved by the seven workloads that are left of it', () => {
    const race = raceIn(
      fourTimes,
      small,
      [
        [up, up],
        [up, up],
      ],
      'below-four',
    )
    const certified = certify(race, 'sub-workloads')!
    expect(certified.race.workload).toEqual([
      [up, up],
      [up, up],
    ])
    expect(certified.certificate).toMatchObject({ scope: 'sub-workloads', workloads: 7 })
    expect(certifyAgain(certified)).toEqual(certified)
    expect(replay(certified.race)?.invariant).toBe('below-four')
  })

  it('is not certified for all workloads of four operations, which are too many', () => {
    const race = raceIn(
      fourTimes,
      small,
      [
        [up, up],
        [up, up],
      ],
      'below-four',
    )
    expect(certify(race, 'all-workloads')).toBeUndefined()
  })

  it('becomes the race that was hidden in it, on the vCPUs that race needs', () => {
    const page = { page: 0 }
    const workload = [
      [{ op: 'reuse' }, { op: 'munmap', ...page }, { op: 'lazy_tlb' }],
      [
        { op: 'read', ...page },
        { op: 'gup_fast', ...page },
      ],
      [{ op: 'write', ...page }],
    ]
    const race = raceIn(flushNobody, withVcpus(small, 3), workload, 'software-walk')
    const { race: out, certificate } = certify(race, 'sub-workloads')!
    expect(out.workload).toEqual([[{ op: 'munmap', page: 0 }], [{ op: 'gup_fast', page: 0 }]])
    expect(out.bounds).toMatchObject({ vcpus: 2, pcpus: 2 })
    expect(certificate.workloads).toBeGreaterThan(10)
    expect(replay(out)?.invariant).toBe('software-walk')
  })
})
