/** Exhaustive search against plain brute force, on real machines under small workloads. */
import { describe, expect, it } from 'vitest'
import { explore } from '../../src/explore/exhaustive.ts'
import { policies } from '../../src/policies/index.ts'
import type { Bounds } from '../../src/scenario/bounds.ts'
import { boundedWorkloads } from '../../src/scenario/enumerate-workloads.ts'
import type { Workload } from '../../src/scenario/workload.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { bruteForce } from './brute-force.ts'
import { quiet } from './quiet.ts'

const unmapAndPin: Workload = [[{ op: 'munmap', page: 0 }], [{ op: 'gup_fast', page: 0 }]]
const protectAndWrite: Workload = [[{ op: 'mprotect', page: 2 }], [{ op: 'write', page: 2 }]]
const collapseAndRead: Workload = [[{ op: 'collapse', page: 2 }], [{ op: 'read', page: 3 }]]
const switchAndUnmap: Workload = [[{ op: 'switch_mm' }], [{ op: 'munmap', page: 0 }]]

const expectSame = (worlds: Worlds, workload: Workload): void => {
  const { states, transitions, depth, violated } = bruteForce(worlds.at(workload), false)
  const world = worlds.at(workload)
  const found = explore(world)
  if (violated.size > 0) expect(violated).toContain(found.violation?.invariant)
  else expect(found).toMatchObject({ states, transitions, depth, complete: true, violation: undefined })
}

describe('exhaustive search finds the states, transitions, depth and verdict that brute force finds', () => {
  it.each(policies.map((policy) => [policy.name, policy] as const))(
    '%s: munmap beside gup_fast',
    (_, policy) => {
      expectSame(new Worlds(policy, quiet()), unmapAndPin)
    },
  )

  it.each([
    ['mprotect beside write', protectAndWrite],
    ['collapse beside read', collapseAndRead],
    ['switch_mm beside munmap', switchAndUnmap],
  ])('every third policy: %s', (_, workload) => {
    for (const policy of policies.filter((__, i) => i % 3 === 0)) {
      expectSame(new Worlds(policy, quiet()), workload)
    }
  })

  it.each<[string, Partial<Bounds>]>([
    ['speculation', { speculation: 1, preemptions: 0 }],
    ['eviction', { eviction: true }],
    ['three levels', { levels: 3 }],
    ['migration', { migration: true, preemptions: 2 }],
    ['one pCPU', { pcpus: 1 }],
    ['three vCPUs', { vcpus: 3, preemptions: 0 }],
    ['no VPID', { vpid: false }],
    ['no paging-structure caches', { structureCaches: false }],
  ])('hyperv-rcu: munmap beside read, with %s', (_, given) => {
    const policy = policies.find(({ name }) => name === 'hyperv-rcu')!
    expectSame(new Worlds(policy, quiet(given)), [[{ op: 'munmap', page: 0 }], [{ op: 'read', page: 0 }]])
  })

  it.each(['flush-nobody', 'free-before-ack'])(
    '%s: behind its violations too, where they are only counted',
    (name) => {
      const worlds = new Worlds(
        policies.find((policy) => policy.name === name)!,
        quiet(),
      )
      for (const workload of [protectAndWrite, collapseAndRead]) {
        const { states, transitions, depth } = bruteForce(worlds.at(workload))
        const counted = explore(worlds.at(workload), { countOnly: true })
        expect(counted).toMatchObject({ states, transitions, depth, complete: true, violation: undefined })
      }
    },
  )

  it('native-ipi: whatever was searched in the same world before', () => {
    const policy = policies.find(({ name }) => name === 'native-ipi')!
    const workloads = boundedWorkloads(policy, 2, 2, [[0]])
    const shared = new Worlds(policy, quiet({ groups: [[0]] }))
    const counts = (worlds: Worlds, workload: Workload): number[] => {
      const { states, transitions, depth } = explore(worlds.at(workload))
      return [states, transitions, depth]
    }
    const first = workloads.map((workload) => counts(shared, workload))
    const again = workloads.toReversed().map((workload) => counts(shared, workload))
    const alone = workloads.map((workload) => counts(new Worlds(policy, shared.bounds), workload))
    expect(again.toReversed()).toEqual(first)
    expect(alone).toEqual(first)
  })
})
