/** A claim that CPUs are treated alike is held against what the policy does, and a wrong one is named. */
import { describe, expect, it } from 'vitest'
import { ShootdownError } from '../../src/errors.ts'
import { checkSymmetry } from '../../src/explore/symmetry.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { hypervRcu, nativeIpi, policies, staticKey } from '../../src/policies/index.ts'
import { certify } from '../../src/shrink/certificate.ts'
import { verify } from '../../src/verify/verify.ts'
import { raceIn } from '../shrink/races.ts'
import { quiet } from './quiet.ts'

const native = nativeIpi as AnyPolicy
/** Takes over the claim of the policy that it is made from. */
const derived = (name: string, parts: Partial<AnyPolicy>, from = native): AnyPolicy => ({
  ...from,
  name,
  ...parts,
})

const notBy = (careless: number): AnyPolicy =>
  derived(`not-by-${careless}`, {
    *flush(cpu, request, gathered) {
      if (cpu.id !== careless) yield* native.flush(cpu, request, gathered)
    },
  })

const notTo = (forgotten: number): AnyPolicy =>
  derived(`not-to-${forgotten}`, {
    *flush(cpu, request) {
      yield* cpu.flushLocal(request)
      const targets = request.targets.filter((target: number) => target !== forgotten)
      yield* cpu.callFunction(targets, request)
    },
  })

/** Takes the same steps on every CPU, but one of them takes them in the wrong order. */
const hasty = derived(
  'hasty',
  {
    *freeTable(cpu, table) {
      if (cpu.id === 1) yield* cpu.freeTableNow(table)
      yield* cpu.synchronizeRcu()
      if (cpu.id !== 1) yield* cpu.freeTableNow(table)
    },
  },
  hypervRcu,
)

const oneKey = derived(
  'one-key',
  {
    operations: {
      turn_key: {
        summary: 'CPU 0 alone turns the key',
        *run(cpu) {
          if (cpu.id === 0) yield* staticKey.operations!['turn_key'].run(cpu, 0, 0)
        },
      },
    },
  },
  staticKey,
)

describe('a claim of symmetry', () => {
  it.each([
    {},
    { vcpus: 3 },
    { vcpus: 6, preemptions: 2, migration: true, speculation: 1, eviction: true },
    { vcpus: 3, levels: 3, entries: 3, groups: [[0], [3, 4, 5]] },
    { vpid: false, structureCaches: false, gupRecheck: 'pte' as const },
  ])('is believed of every policy of the package that makes it, on %j', (given) => {
    for (const policy of policies) expect(() => checkSymmetry(policy, quiet(given))).not.toThrow()
  })

  it.each([
    [
      notBy(1),
      2,
      /^Policy "not-by-1" .* munmap\(0\) on CPU0 and in munmap\(0\) on CPU1: "INVLPG" is met 2 times in the one and 0 times in/,
    ],
    [notBy(5), 6, /munmap\(0\) on CPU0 and in munmap\(0\) on CPU5/],
    [notTo(2), 3, /munmap\(0\) on CPU0 and in munmap\(0\) on CPU2/],
    [oneKey, 2, /turn_key\(\) on CPU0 and in turn_key\(\) on CPU1/],
    [
      hasty,
      2,
      /munmap\(0\) on CPU0 with gup_fast\(0\) on CPU1 and in gup_fast\(0\) on CPU0 with munmap\(0\) on CPU1: "software-walk"/,
    ],
  ])('that is wrong is named with two workloads that are not alike: $name', (policy, vcpus, said) => {
    const check = (): void => checkSymmetry(policy, quiet({ vcpus }))
    expect(check).toThrow(ShootdownError)
    expect(check).toThrow(said)
    expect(check).toThrow('Leave out `symmetric: true`')
  })

  it('that is wrong for a CPU that there is none of does no harm', () => {
    expect(() => checkSymmetry(notBy(2), quiet({ vcpus: 2 }))).not.toThrow()
  })

  it('is not looked at where nobody relies on it', () => {
    for (const policy of [notBy(1), hasty]) {
      expect(() => checkSymmetry({ ...policy, symmetric: false }, quiet())).not.toThrow()
      expect(() => checkSymmetry(policy, quiet({ pcpus: 1 }))).not.toThrow()
    }
  })

  it('is looked at once for the same bounds', () => {
    let runs = 0
    const counting = derived('counting', {
      *flush(cpu, request, gathered) {
        runs++
        yield* native.flush(cpu, request, gathered)
      },
    })
    checkSymmetry(counting, quiet())
    const before = runs
    expect(before).toBeGreaterThan(0)
    checkSymmetry(counting, quiet())
    expect(runs).toBe(before)
    checkSymmetry(counting, quiet({ vcpus: 3 }))
    expect(runs).toBeGreaterThan(before)
  })

  it('is looked at before a verification and before a certificate', () => {
    const bounds = quiet({ groups: [[0]] })
    expect(() => verify({ policy: hasty, bounds, operations: 1 })).toThrow('Policy "hasty" claims')
    const workload = [[{ op: 'gup_fast', page: 0 }], [{ op: 'munmap', page: 0 }]]
    const race = raceIn(hasty, bounds, workload, 'software-walk')
    expect(() => certify(race, 'all-workloads')).toThrow('Policy "hasty" claims')
  })
})
