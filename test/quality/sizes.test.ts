/** How small the use after free of each broken policy gets, to the step. */
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Case } from '../../src/corpus/schema.ts'
import { readCorpus } from '../../src/corpus/store.ts'
import { policies } from '../../src/policies/index.ts'
import type { Bounds } from '../../src/scenario/bounds.ts'
import { sizeOf } from '../../src/scenario/race.ts'
import type { Workload } from '../../src/scenario/workload.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { certify } from '../../src/shrink/certificate.ts'
import { quiet } from '../explore/quiet.ts'
import { raceIn } from '../shrink/races.ts'

const INVARIANT = 'software-walk'
const on = (op: string, page = 0): { op: string; page: number } => ({ op, page })
const unmapAndPin: Workload = [[on('munmap')], [on('gup_fast')]]
const pinAndCollapse: Workload = [[on('gup_fast', 2)], [on('collapse', 2)]]
const turnAndPin: Workload = [[{ op: 'turn_key' }, on('gup_fast')], [on('munmap')]]
/** With the key's own operation in addition, all workloads of three operations are many. */
const few: Partial<Bounds> = { groups: [[0]] }

interface Row {
  readonly name: string
  readonly workload: Workload
  readonly operations: number
  readonly switches: number
  readonly steps: number
  readonly bounds?: Partial<Bounds>
}

const table: readonly Row[] = [
  { name: 'hyperv-list', workload: unmapAndPin, operations: 2, switches: 2, steps: 9 },
  { name: 'hyperv-space', workload: unmapAndPin, operations: 2, switches: 2, steps: 9 },
  {
    name: 'xen-pv',
    workload: unmapAndPin,
    operations: 2,
    switches: 4,
    steps: 12,
    bounds: { preemptions: 1 },
  },
  { name: 'rcu-no-fallback', workload: unmapAndPin, operations: 2, switches: 2, steps: 10 },
  { name: 'serialization-flag', workload: pinAndCollapse, operations: 2, switches: 2, steps: 18 },
  { name: 'static-key-early', workload: turnAndPin, operations: 3, switches: 3, steps: 13, bounds: few },
  { name: 'amd-invlpgb', workload: unmapAndPin, operations: 2, switches: 5, steps: 10 },
  { name: 'intel-rar', workload: unmapAndPin, operations: 2, switches: 4, steps: 14 },
  { name: 'flush-nobody', workload: unmapAndPin, operations: 2, switches: 2, steps: 7 },
  { name: 'flush-before-unhook', workload: unmapAndPin, operations: 2, switches: 3, steps: 14 },
  { name: 'free-before-ack', workload: unmapAndPin, operations: 2, switches: 2, steps: 9 },
]

describe(`the smallest ${INVARIANT} race`, () => {
  it.each(table)(
    'of $name is of $operations operations, $switches switches, $steps steps',
    ({ name, workload, operations, switches, steps, bounds }) => {
      const policy = policies.find((each) => each.name === name)!
      const raw = raceIn(policy, quiet({ preemptions: 0, ...bounds }), workload, INVARIANT)
      const { race, certificate } = certify(raw, 'all-workloads')!
      expect(race.workload).toEqual(workload)
      const size = sizeOf(new Worlds(policy, race.bounds).at(race.workload), race)
      expect(size).toEqual({ operations, vcpus: 2, switches, steps })
      expect(certificate.scope).toBe('all-workloads')
    },
  )

  it('is in the table for every policy that is stated to be broken', () => {
    const broken = policies.filter(({ expected }) => expected === 'broken').map(({ name }) => name)
    expect(table.map(({ name }) => name).toSorted()).toEqual(broken.toSorted())
  })

  const corpus = readCorpus(fileURLToPath(new URL('../../corpus', import.meta.url)))
  const inCorpus = (policy: string): Case | undefined =>
    corpus.cases.find(({ case: each }) => each.policy === policy && each.invariant === INVARIANT)?.case
  const expectInCorpus = ({ name, workload, operations, switches, steps }: Row): void => {
    const size = { operations, vcpus: 2, switches, steps }
    expect(inCorpus(name), name).toMatchObject({ workload, size, minimality: 'minimal' })
  }
  const isTooLarge = ({ name }: Row): boolean => name === 'static-key-early'

  it.each(table.filter((row) => !isTooLarge(row)))(
    'of $name is as small in the corpus, where hardware speculates',
    (row) => {
      expect(corpus.problems).toEqual([])
      expectInCorpus(row)
      expect(inCorpus(row.name)?.certificate?.scope).toBe('all-workloads')
    },
  )

  it('of static-key-early is as small in the corpus, though all workloads are too many there where hardware speculates', () => {
    expectInCorpus(table.find(isTooLarge)!)
  })
})
