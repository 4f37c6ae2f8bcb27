/**
 * A workload stands for all renumberings of its CPUs. That is only right where CPUs are alike: on a machine that
 * starts them alike, and for a policy that does not ask for their number.
 */
import { describe, expect, it } from 'vitest'
import { explore } from '../../src/explore/exhaustive.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { hypervRcu, nativeIpi, policies } from '../../src/policies/index.ts'
import type { Bounds } from '../../src/scenario/bounds.ts'
import type { Workload } from '../../src/scenario/workload.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { certify } from '../../src/shrink/certificate.ts'
import { verify } from '../../src/verify/verify.ts'
import { quiet } from '../explore/quiet.ts'
import { raceIn } from '../shrink/races.ts'

/** Frees the tables of munmap at once, and those of anything else by RCU. */
const onlyMunmap: AnyPolicy = {
  ...hypervRcu,
  name: 'only-munmap',
  *gather(_cpu, request) {
    return request.freedTables ? 1 : 0
  },
  *freeTable(cpu, table, gathered) {
    yield* gathered === 1 ? cpu.freeTableNow(table) : cpu.rcuFree(table)
  },
}

/** Flushes by IPI, unless it is one particular CPU that unmaps. */
const notBy = (careless: number): AnyPolicy => ({
  ...nativeIpi,
  name: `not-by-cpu${careless}`,
  symmetric: false,
  *gather(_cpu, request) {
    return request.freedTables ? 1 : 0
  },
  *flush(cpu, request, gathered) {
    if (gathered === 0 || cpu.id !== careless) yield* (nativeIpi as AnyPolicy).flush(cpu, request, 0)
  },
})

const pinAndUnmap: Workload = [[{ op: 'gup_fast', page: 0 }], [{ op: 'munmap', page: 0 }]]
const violates = (policy: AnyPolicy, bounds: Bounds, workload: Workload): string | undefined =>
  explore(new Worlds(policy, bounds).at(workload)).violation?.invariant

describe('renumbering the CPUs of a workload', () => {
  it('changes no verdict where each vCPU has a pCPU of its own and the policy asks for no number', () => {
    for (const policy of policies.filter((_, i) => i % 3 === 0)) {
      for (const given of [{}, { migration: true, preemptions: 2 }, { vcpus: 3, preemptions: 0 }]) {
        const bounds = quiet(given)
        const idle = Array.from({ length: bounds.vcpus - 2 }, () => [])
        const [pin, unmap] = pinAndUnmap
        const verdicts = [
          [pin, unmap, ...idle],
          [unmap, pin, ...idle],
          [...idle, pin, unmap],
        ].map((workload) => violates(policy, bounds, workload))
        expect(new Set(verdicts).size, policy.name).toBe(1)
      }
    }
  })

  const shared = quiet({ pcpus: 1, groups: [[0]] })

  it('is not done where vCPUs share a pCPU, which one of them has first', () => {
    expect(violates(onlyMunmap, shared, pinAndUnmap)).toBe('software-walk')
    const { verdict, race } = verify({ policy: onlyMunmap, bounds: shared, operations: 2 })
    expect(verdict).toBe('race')
    expect(race!.workload).toEqual(pinAndUnmap)
  })

  it('is not done on the way to a certificate there either', () => {
    const race = raceIn(onlyMunmap, shared, pinAndUnmap, 'software-walk')
    for (const scope of ['all-workloads', 'sub-workloads'] as const) {
      const certified = certify(race, scope)
      expect(certified?.certificate.scope).toBe(scope)
      expect(certified?.race.workload).toEqual(pinAndUnmap)
    }
  })

  it('is not done for a policy that asks for the number of a CPU', () => {
    const bounds = quiet({ groups: [[0]] })
    expect(violates(notBy(1), bounds, pinAndUnmap)).toBe('software-walk')
    expect(violates(notBy(0), bounds, pinAndUnmap)).toBeUndefined()
    for (const careless of [0, 1])
      expect(verify({ policy: notBy(careless), bounds, operations: 2 }).verdict).toBe('race')
  })

  it('is not done by a policy that does not say that it treats CPUs alike', () => {
    const { symmetric: _claim, ...unsaid } = nativeIpi as AnyPolicy
    const pairs = (policy: AnyPolicy): number => verify({ policy, bounds: shared, operations: 1 }).workloads
    expect(pairs(unsaid)).toBe(pairs({ ...nativeIpi, symmetric: false }))
    const alike = quiet({ groups: [[0]] })
    const said = verify({ policy: nativeIpi, bounds: alike, operations: 2 })
    const silent = verify({ policy: unsaid, bounds: alike, operations: 2 })
    expect(silent.workloads).toBeGreaterThan(said.workloads)
    expect(silent.verdict).toBe(said.verdict)
  })

  const behindIdle: Workload = [[{ op: 'gup_fast', page: 0 }], [], [{ op: 'munmap', page: 0 }]]
  const ofCpu2 = raceIn(
    notBy(2),
    quiet({ vcpus: 3, groups: [[0]], preemptions: 0 }),
    behindIdle,
    'software-walk',
  )

  it('does not lose the race of a CPU behind an idle one', () => {
    expect(certify(ofCpu2, 'all-workloads')?.race.workload).toEqual(behindIdle)
  })

  it('does not lose it either where operations are only taken out', () => {
    expect(certify(ofCpu2, 'sub-workloads')?.race.workload).toEqual(behindIdle)
  })
})
