/** Drawn workloads are for the machine that the policy asks for. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { workloads } from '../../src/arbitraries/index.ts'
import { nativeIpi, type Workload } from '../../src/index.ts'

/** CPUs and pages that workloads name. */
const named = (drawn: readonly Workload[]): { cpus: number; pages: number[] } => ({
  cpus: Math.max(...drawn.map((workload) => workload.length)),
  pages: [...new Set(drawn.flat(2).flatMap(({ page }) => page ?? []))].toSorted((a, b) => a - b),
})

it('workloads name the CPUs and pages of the policy, unless limits say otherwise', () => {
  const policy = { ...nativeIpi, machine: { vcpus: 3, groups: [[6, 7]] } }
  const options = { numRuns: 50, seed: 1 }
  expect(named(fc.sample(workloads(policy), options))).toEqual({ cpus: 3, pages: [6, 7] })
  expect(named(fc.sample(workloads(policy, { vcpus: 1, groups: [[0]] }), options))).toEqual({
    cpus: 1,
    pages: [0],
  })
  expect(named(fc.sample(workloads(nativeIpi), options))).toEqual({ cpus: 2, pages: [0, 2, 3] })
})
