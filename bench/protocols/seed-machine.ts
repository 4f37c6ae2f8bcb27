/**
 * The seed race on the full machine: real tables, walks one step a level, TLB and paging-structure caches, IPIs, all
 * invariants looked at in every step. The policies and the workload are those that the protocol is an abstract of.
 */
import {
  definePolicy,
  hypervList,
  makeBounds,
  nativeIpi,
  Worlds,
  type Workload,
  type World,
} from '../../src/index.ts'
import { targetSets } from '../../src/policies/hyperv-targets.ts'
import type { AnyPolicy } from '../our-runs.ts'
import { plainBounds } from '../workloads.ts'
import type { SeedPolicy, SeedSize } from './seed-race.ts'

/** A hypercall flushes, and a table is freed once every CPU has been seen with interrupts on since. */
const quiescence = definePolicy({
  name: 'hypercall-quiescence',
  summary: 'Flush by hypercall; a table is freed by who unhooked it, a grace period later',
  symmetric: true,
  expected: 'safe',
  options: targetSets,
  hypercalls: hypervList.hypercalls!,
  *flush(cpu, request) {
    yield* hypervList.flush(cpu, request, 0)
  },
  *freeTable(cpu, table) {
    yield* cpu.synchronizeRcu()
    yield* cpu.freeTableNow(table)
  },
})

const policies: Readonly<Record<SeedPolicy, AnyPolicy>> = {
  ipi: nativeIpi,
  hypercall: hypervList,
  quiescence,
}

/** CPU 0 unmaps a page and with it its table; each other CPU pins it by gup_fast and reads it, for a number of rounds. */
export function seedMachine(policy: SeedPolicy, { cpus, rounds, preemptions }: SeedSize): World {
  const page = 0
  const walks = Array.from({ length: rounds }, () => [
    { op: 'gup_fast', page },
    { op: 'read', page },
  ]).flat()
  const workload: Workload = [[{ op: 'munmap', page }], ...Array.from({ length: cpus - 1 }, () => walks)]
  const bounds = makeBounds({ ...plainBounds, vcpus: cpus, pcpus: cpus, preemptions })
  return new Worlds(policies[policy], bounds).at(workload)
}
