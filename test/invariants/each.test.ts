/** Each invariant is broken by a scenario made for it, and by nothing in the twin that does the same the sound way. */
import { describe, expect, it } from 'vitest'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { explore } from '../../src/explore/exhaustive.ts'
import { FLUSH_COMPLETES, invariants } from '../../src/invariants/index.ts'
import { flushNobody, hypervList, hypervRcu, nativeIpi } from '../../src/policies/index.ts'
import type { Bounds } from '../../src/scenario/bounds.ts'
import type { Workload } from '../../src/scenario/workload.ts'
import { shortest } from '../../src/shrink/shortest.ts'
import { quiet } from '../explore/quiet.ts'
import { sparing, type Breakage } from '../mutants/breaking.ts'
import { worldOf } from '../mutants/broken-world.ts'
import { copyAway, migrate, sleeper, unmap } from './scenarios.ts'

interface Scenario {
  readonly policy: AnyPolicy
  readonly bounds?: Partial<Bounds>
  readonly breakage?: Breakage
}

interface Case {
  readonly invariant: string
  readonly workload: Workload
  readonly broken: Scenario
  readonly sound: Scenario
  /** What its explanation says. */
  readonly says: string
}

const on = (op: string, page = 0): { op: string; page: number } => ({ op, page })
const own = { op: 'own' }

const freesTwice: AnyPolicy = {
  ...nativeIpi,
  *freeTable(cpu, table) {
    yield* cpu.freeTableNow(table)
    yield* cpu.freeTableNow(table)
  },
}
const keepsTlb: Breakage = sparing('MOV CR3', 'TLB')

const cases: readonly Case[] = [
  {
    invariant: 'software-walk',
    workload: [[on('munmap')], [on('gup_fast')]],
    broken: { policy: hypervList },
    sound: { policy: hypervRcu },
    says: 'CPU1: use after free: T0 was handed back to the allocator while this walk pointed into it',
  },
  {
    invariant: 'hardware-walk',
    workload: [[on('munmap')], [on('read')]],
    broken: { policy: flushNobody },
    sound: { policy: nativeIpi },
    says: 'CPU1: the page walker reads T0, which is no page table any more',
  },
  {
    invariant: 'frame-lifetime',
    workload: [[on('munmap', 2)], [on('read', 2)]],
    broken: { policy: flushNobody },
    sound: { policy: nativeIpi },
    says: 'CPU1: the access reaches P2 through an old translation after P2 was freed',
  },
  {
    invariant: 'stale-translation',
    workload: [[on('munmap', 2)], [on('read', 2)]],
    broken: { policy: flushNobody },
    sound: { policy: nativeIpi },
    says: 'CPU1: the access uses an old translation to P2 although the flush that covers it has completed',
  },
  {
    invariant: 'write-protection',
    workload: [[on('mprotect')], [on('write')]],
    broken: { policy: flushNobody },
    sound: { policy: nativeIpi },
    says: 'CPU1: the store to P0 goes through a writable old translation although write-protection was completed',
  },
  {
    invariant: 'lost-write',
    workload: [[own], [on('write', 2)]],
    broken: { policy: copyAway(false) },
    sound: { policy: copyAway(true) },
    says: 'CPU1: the store goes to P2, which was copied away before: it is lost',
  },
  {
    invariant: 'pinned-page',
    workload: [[on('gup_fast', 2)], [on('collapse', 2)]],
    broken: { policy: hypervRcu, bounds: { gupRecheck: 'pte' } },
    sound: { policy: hypervRcu, bounds: { gupRecheck: 'pmd' } },
    says: 'CPU1: P2 is copied away under a pin: what is written through it is lost',
  },
  {
    invariant: 'dirty-bit',
    workload: [[own], [on('write')]],
    broken: { policy: unmap(false) },
    sound: { policy: unmap(true) },
    says: 'CPU0: P0 is given back as clean although a store reached it',
  },
  {
    invariant: 'address-space-isolation',
    workload: [[on('read'), { op: 'switch_mm' }, on('read')]],
    broken: { policy: nativeIpi, bounds: { vcpus: 1 }, breakage: keepsTlb },
    sound: { policy: nativeIpi, bounds: { vcpus: 1 } },
    says: "CPU0: the access is served by another address space's translation to P0",
  },
  {
    invariant: 'page-size-coherence',
    workload: [[on('collapse', 2)], [on('read', 2), on('read', 3)]],
    broken: { policy: flushNobody, bounds: { structureCaches: false } },
    sound: { policy: nativeIpi, bounds: { structureCaches: false } },
    says: 'CPU1: the TLB now holds small and large translations of one region; the newest is of H1',
  },
  {
    invariant: 'free-once',
    workload: [[on('munmap')]],
    broken: { policy: freesTwice, bounds: { vcpus: 1 } },
    sound: { policy: nativeIpi, bounds: { vcpus: 1 } },
    says: 'CPU0: T0 is given back although it is not in use as that',
  },
  {
    invariant: 'stale-copy',
    workload: [[own], [on('read', 2), on('read', 2)]],
    broken: { policy: migrate(false), bounds: { contents: true, spare: 1 } },
    sound: { policy: migrate(true), bounds: { contents: true, spare: 1 } },
    says: 'CPU1: the access still reaches P2, although the copy that took its place has been accessed',
  },
  {
    invariant: 'atomic-context',
    workload: [[own], [own]],
    broken: { policy: sleeper(true) },
    sound: { policy: sleeper(false) },
    says: 'it may sleep here, inside rcu_read_lock',
  },
]

const at = (workload: Workload, { policy, bounds, breakage }: Scenario): ReturnType<typeof worldOf> =>
  worldOf(policy, quiet(bounds), workload, breakage)

describe.each(cases)('$invariant', ({ invariant, workload, broken, sound, says }) => {
  it('is broken by the scenario that was made for it, and says by whom and where', () => {
    const { found } = shortest(at(workload, broken), { invariant })
    expect(found?.violation.invariant).toBe(invariant)
    expect(found?.violation.explanation).toContain(says)
  })

  it('is kept by the twin, and so are all the others, under every schedule', () => {
    const { violation, complete, states } = explore(at(workload, sound))
    expect({ violation, complete }).toEqual({ violation: undefined, complete: true })
    expect(states).toBeGreaterThan(5)
  })
})

describe('the list of invariants', () => {
  it('is covered by these scenarios, and flush-completes by a file of its own', () => {
    const covered = [...cases.map(({ invariant }) => invariant), FLUSH_COMPLETES.name]
    expect(new Set([...invariants.map(({ name }) => name), FLUSH_COMPLETES.name])).toEqual(new Set(covered))
    expect(covered).toHaveLength(14)
  })

  it('has a different name and sentence for each', () => {
    for (const key of ['name', 'sentence'] as const)
      expect(new Set(invariants.map((each) => each[key])).size).toBe(invariants.length)
    for (const { name, sentence } of invariants) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
      expect(sentence).toMatch(/^[A-Z].*\.$/)
    }
  })
})
