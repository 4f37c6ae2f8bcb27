/** What a reader sees of each race, kept as text: a change of a word shows as a change of a file. */
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { flushNobody, hypervRcu, policies } from '../../src/policies/index.ts'
import { tellRace } from '../../src/report/race.ts'
import type { Bounds } from '../../src/scenario/bounds.ts'
import type { Race } from '../../src/scenario/race.ts'
import type { Workload } from '../../src/scenario/workload.ts'
import { certify } from '../../src/shrink/certificate.ts'
import { quiet } from '../explore/quiet.ts'
import { raceIn } from '../shrink/races.ts'

const golden = (name: string): string => fileURLToPath(new URL(`golden/${name}.txt`, import.meta.url))

const told = (race: Race): string => {
  const certified = certify(race, 'sub-workloads')!
  return `${tellRace(certified.race, certified.certificate)}\n`
}

const on = (op: string, page = 0): { op: string; page: number } => ({ op, page })

describe('the smallest race of a broken policy', () => {
  const broken = policies
    .filter(({ expected }) => expected === 'broken')
    .map((policy) => [policy.name, policy] as const)
  const workloads: Readonly<Record<string, Workload>> = {
    'serialization-flag': [[on('gup_fast', 2)], [on('collapse', 2)]],
    'static-key-early': [[{ op: 'turn_key' }, on('gup_fast')], [on('munmap')]],
  }

  it.each(broken)('%s is told as it is in its golden file', async (name, policy) => {
    const workload = workloads[name] ?? [[on('munmap')], [on('gup_fast')]]
    const race = raceIn(policy, quiet(), workload, 'software-walk')
    await expect(told(race)).toMatchFileSnapshot(golden(name))
  })
})

describe('a race in which', () => {
  const noFlush: AnyPolicy = { ...hypervRcu, name: 'rcu-without-flush', *flush() {} }
  const cases: readonly (readonly [string, AnyPolicy, Partial<Bounds>, Workload, string])[] = [
    [
      'gup_fast checks the PTE alone (2022)',
      hypervRcu,
      { gupRecheck: 'pte' },
      [[on('gup_fast', 2)], [on('collapse', 2)]],
      'pinned-page',
    ],
    ['a page walk is inside', flushNobody, {}, [[on('munmap')], [on('read')]], 'hardware-walk'],
    [
      'a walk is speculative',
      flushNobody,
      { speculation: 1, structureCaches: false },
      [[on('munmap')], [on('write')]],
      'stale-translation',
    ],
    ['RCU frees the table', noFlush, {}, [[on('munmap')], [on('read')]], 'hardware-walk'],
    [
      'tables have five levels',
      policies.find(({ name }) => name === 'hyperv-list')!,
      { levels: 5, preemptions: 0 },
      [[on('munmap')], [on('gup_fast')]],
      'software-walk',
    ],
  ]

  it('vCPUs share a pCPU is told as it is in its golden file, without a proof', async () => {
    const xenPv = policies.find(({ name }) => name === 'xen-pv')!
    const race = raceIn(xenPv, quiet({ pcpus: 1 }), [[on('gup_fast')], [on('munmap')]], 'software-walk')
    await expect(`${tellRace(race, undefined)}\n`).toMatchFileSnapshot(golden('vcpus-share-a-pcpu'))
  })

  it.each(cases)(
    '%s is told as it is in its golden file',
    async (name, policy, given, workload, invariant) => {
      const file = name
        .replaceAll(/[^a-z0-9]+/gi, '-')
        .replace(/-$/, '')
        .toLowerCase()
      await expect(told(raceIn(policy, quiet(given), workload, invariant))).toMatchFileSnapshot(golden(file))
    },
  )
})
