/** Lane diagrams of any run: each row in one lane, lanes of those who act, and narrow enough to be read. */
import { describe, expect, it } from 'vitest'
import { MAX_ENABLED } from '../../src/engine/system.ts'
import { Random } from '../../src/engine/random.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { hypervRcu, policies, xenPv } from '../../src/policies/index.ts'
import { drawLanes } from '../../src/report/lanes.ts'
import { diagramOf, tellRace } from '../../src/report/race.ts'
import { tellStory, type Row } from '../../src/report/story.ts'
import type { Bounds } from '../../src/scenario/bounds.ts'
import { sampleWorkload } from '../../src/scenario/sample.ts'
import type { World } from '../../src/scenario/world.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { quiet } from '../explore/quiet.ts'
import { raceIn } from '../shrink/races.ts'

/** A random run of a random workload, with everything that hardware and host can do in it. */
function randomRun(policy: AnyPolicy, bounds: Bounds, seed: number): { world: World; schedule: number[] } {
  const random = new Random(seed)
  const limits = { vcpus: bounds.vcpus, operations: 5, groups: bounds.groups }
  const world = new Worlds(policy, bounds).at(sampleWorkload(random, policy, limits))
  const out = new Int32Array(MAX_ENABLED)
  const schedule: number[] = []
  while (world.violation === undefined) {
    const count = world.enabled(out)
    if (world.progress === 0) break
    schedule.push(out[random.below(count)])
    world.apply(schedule.at(-1)!)
  }
  return { world, schedule }
}

interface Drawn {
  readonly lanes: readonly { name: string; from: number; to: number }[]
  readonly rows: readonly string[]
}

/** Reads a diagram back: its lanes from the ruler under their names, then its rows. */
function read(diagram: string): Drawn {
  const [names, ruler, ...rows] = diagram.split('\n')
  const lanes = [...ruler.matchAll(/-+/g)].map(({ 0: dashes, index }) => {
    const to = index + dashes.length
    return { name: names.slice(index, to).trim(), from: index, to }
  })
  return { lanes, rows }
}

const lanesOf = (row: string, { lanes }: Drawn): string[] =>
  lanes.filter(({ from, to }) => row.slice(from, to).trim() !== '').map(({ name }) => name)

const busy = quiet({ speculation: 2, eviction: true, preemptions: 2, pcpus: 2, migration: true })
const widths = (text: string): number[] => text.split('\n').map((line) => line.length)

describe.each(policies.map((policy) => [policy.name, policy] as const))(
  'the lanes of random runs of %s',
  (_, policy) => {
    const drawn = Array.from({ length: 12 }, (__, seed) => {
      const { world, schedule } = randomRun(policy, busy, seed)
      const rows = tellStory(world, schedule)
      return { schedule, rows, text: drawLanes(rows, 2, world.violation) }
    })

    it('have one row for each transition, in order, each in exactly one lane', () => {
      for (const { schedule, text } of drawn) {
        const diagram = read(text)
        expect(diagram.rows).toHaveLength(schedule.length)
        for (const [i, row] of diagram.rows.entries()) {
          expect(row.slice(0, 4)).toBe(String(i + 1).padStart(4))
          expect(lanesOf(row.replace(/ {2}<== .*/, ''), diagram), row).toHaveLength(1)
        }
      }
    })

    it('always have the CPUs, and others only where they act', () => {
      for (const { text } of drawn) {
        const diagram = read(text)
        const names = diagram.lanes.map(({ name }) => name)
        expect(names.slice(0, 2)).toEqual(['CPU0', 'CPU1'])
        const order = ['hypervisor', 'walker of CPU0', 'walker of CPU1', 'RCU']
        expect(names.slice(2)).toEqual(order.filter((name) => names.includes(name)))
        const used = new Set(diagram.rows.flatMap((row) => lanesOf(row, diagram)))
        for (const name of names.slice(2)) expect(used).toContain(name)
      }
    })

    it('say nothing twice in one row, and nothing empty', () => {
      for (const { rows } of drawn) {
        for (const { steps, main } of rows) {
          expect(steps).toContain(main)
          for (const { text, asked } of steps) {
            expect(text.trim()).not.toBe('')
            expect(asked.trim()).not.toBe('')
            expect(text).not.toMatch(/undefined|NaN|\[object/)
          }
        }
      }
    })

    it('are never wider than 200 columns where no more than a hypervisor, a walker and RCU act beside two CPUs', () => {
      for (const { text } of drawn)
        if (read(text).lanes.length <= 4) expect(Math.max(...widths(text))).toBeLessThanOrEqual(200)
    })
  },
)

const crowded = quiet({ ...busy, vcpus: 6, pcpus: 6, speculation: 8, preemptions: 8 })

it.each([
  ['of two CPUs, whose walkers both act', busy, [undefined, 'dirty-bit']],
  [
    'of six CPUs and all that can act beside them',
    crowded,
    [undefined, 'dirty-bit', `no-${'x'.repeat(400)}`],
  ],
] as const)('lanes %s are never wider than 200 columns, with the mark or without', (_, bounds, marks) => {
  const policy = policies.find(({ name }) => name === 'xen-rcu')!
  for (let seed = 0; seed < 12; seed++) {
    const { world, schedule } = randomRun(policy, bounds, seed)
    const rows = tellStory(world, schedule)
    for (const invariant of marks) {
      const mark = invariant && { invariant, explanation: 'x' }
      const text = drawLanes(rows, bounds.vcpus, mark)
      expect(Math.max(...widths(text))).toBeLessThanOrEqual(200)
      if (mark === undefined) continue
      const last = text.split('\n').at(-1)!
      expect(last).toContain(`  <== ${mark.invariant.slice(0, 100)}`)
      if (bounds === busy) expect(last.slice(0, 4)).toBe(String(rows.length).padStart(4))
    }
  }
})

it('lanes are as wide as their texts where there is room, and are cut where there is none', () => {
  const told = { asked: '', role: 'operation', ofPolicy: false, ofHardware: false, mover: 'none' } as const
  const row = (cpu: number, length: number): Row => {
    const main = { ...told, text: 'x'.repeat(length) }
    return { name: 'x', cpu, steps: [main], main }
  }
  const wide = (lengths: readonly number[]): number[] =>
    read(
      drawLanes(
        lengths.map((length, cpu) => row(cpu, length)),
        lengths.length,
      ),
    ).lanes.map(({ from, to }) => to - from)
  expect(wide([10, 56, 90])).toEqual([10, 56, 56])
  expect(wide([56, 56, 56, 20])).toEqual([56, 56, 56, 20])
  expect(wide([56, 56, 56, 56, 5])).toEqual([45, 45, 45, 45, 5])
})

describe('the lanes of a race', () => {
  const race = raceIn(
    xenPv,
    quiet(),
    [[{ op: 'munmap', page: 0 }], [{ op: 'gup_fast', page: 0 }]],
    'software-walk',
  )

  it('mark the last row, and no other, with the invariant', () => {
    const lines = diagramOf(race).split('\n')
    expect(lines.filter((line) => line.includes('<=='))).toEqual([lines.at(-1)])
    expect(lines.at(-1)).toMatch(/<== software-walk$/)
  })

  it('put host decisions and host code in the lane of the hypervisor', () => {
    const diagram = read(diagramOf(race))
    const inHost = diagram.rows.filter((row) => lanesOf(row, diagram).includes('hypervisor'))
    expect(inHost.join('\n')).toMatch(
      /preempt vCPU1[^]*flag vCPU1: flush at next entry[^]*schedule vCPU1 on pCPU1/,
    )
  })

  it('are the same however often they are drawn', () => {
    expect(diagramOf(race)).toBe(diagramOf(race))
  })

  it('of three CPUs fit 200 columns, minimal as they are', () => {
    const wide = raceIn(
      xenPv,
      quiet({ vcpus: 3 }),
      [[{ op: 'munmap', page: 0 }], [{ op: 'gup_fast', page: 0 }], []],
      'software-walk',
    )
    expect(Math.max(...widths(diagramOf(wide)))).toBeLessThanOrEqual(200)
  })

  it('stand below what was expected, what happened, and the workload', () => {
    const lines = tellRace(race, undefined).split('\n')
    expect(lines.slice(0, 4)).toEqual([
      'Policy "xen-pv" violates software-walk.',
      expect.stringMatching(/^ {2}expected: No software walker/),
      expect.stringMatching(/^ {2}happened: CPU1: use after free: T0/),
      '  workload: CPU0: munmap(0)   CPU1: gup_fast(0)',
    ])
    expect(lines.at(-1)).toMatch(
      /^Small, but only locally minimal: 2 operations, 2 vCPUs, 4 context switches, 12 steps\./,
    )
  })

  it('of a run that violates nothing have no mark', () => {
    const { world, schedule } = randomRun(hypervRcu, quiet(), 4)
    expect(drawLanes(tellStory(world, schedule), 2)).not.toContain('<==')
  })
})
