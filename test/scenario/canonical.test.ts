/** One workload stands for all that differ from it only by how CPUs and pages are numbered. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nativeIpi, staticKey } from '../../src/policies/index.ts'
import { explore } from '../../src/explore/exhaustive.ts'
import {
  DEFAULT_GROUPS,
  busyCpus,
  operationCount,
  operationDomain,
  type Workload,
} from '../../src/scenario/workload.ts'
import { canonicalWorkload } from '../../src/scenario/canonical-workload.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { quiet } from '../explore/quiet.ts'
import { orbitOf, permutations, renamed, renamings } from './orbits.ts'

const groups = [[0], [2, 3], [6, 7]]
const operation = fc.constantFrom(...operationDomain(staticKey, groups))
const workload: fc.Arbitrary<Workload> = fc
  .integer({ min: 1, max: 3 })
  .chain((vcpus) => fc.array(fc.array(operation, { maxLength: 3 }), { minLength: vcpus, maxLength: vcpus }))
const canonical = (each: Workload): Workload => canonicalWorkload(each, staticKey, groups)

describe('the canonical workload', () => {
  it('is its own canonical workload', () => {
    fc.assert(
      fc.property(workload, (w) => {
        expect(canonical(canonical(w))).toEqual(canonical(w))
      }),
      { seed: 1 },
    )
  })

  it('does not depend on the numbering of CPUs', () => {
    fc.assert(
      fc.property(workload, (w) => {
        for (const order of permutations(w)) expect(canonical(order)).toEqual(canonical(w))
      }),
      { seed: 2 },
    )
  })

  it('does not depend on the numbering of pages within a group', () => {
    fc.assert(
      fc.property(workload, (w) => {
        for (const names of renamings(groups)) expect(canonical(renamed(w, names))).toEqual(canonical(w))
      }),
      { seed: 3 },
    )
  })

  it('is one of those that it stands for, and different for workloads that are not the same', () => {
    fc.assert(
      fc.property(workload, workload, (a, b) => {
        expect(orbitOf(canonical(a), groups)).toBe(orbitOf(a, groups))
        const same = JSON.stringify(canonical(a)) === JSON.stringify(canonical(b))
        expect(same).toBe(orbitOf(a, groups) === orbitOf(b, groups))
      }),
      { seed: 4 },
    )
  })

  it('has as many operations, busy CPUs and rows, the longest first', () => {
    fc.assert(
      fc.property(workload, (w) => {
        const out = canonical(w)
        expect([operationCount(out), busyCpus(out), out.length]).toEqual([
          operationCount(w),
          busyCpus(w),
          w.length,
        ])
        const lengths = out.map((ops) => ops.length)
        expect(lengths).toEqual(lengths.toSorted((a, b) => b - a))
      }),
      { seed: 5 },
    )
  })

  it('does not mix up pages of different tables, nor a region with one of its pages', () => {
    const on = (op: string, page: number): Workload => [[{ op, page }], []]
    expect(canonical(on('munmap', 0))).not.toEqual(canonical(on('munmap', 2)))
    expect(canonical(on('munmap', 3))).toEqual(on('munmap', 2))
    expect(
      canonical([
        [
          { op: 'munmap', page: 3 },
          { op: 'collapse', page: 2 },
        ],
      ]),
    ).toEqual([
      [
        { op: 'munmap', page: 2 },
        { op: 'collapse', page: 2 },
      ],
    ])
  })

  it('behaves as those that it stands for: as many states, transitions and the same verdict', () => {
    const bounds = quiet({ preemptions: 0 })
    const worlds = new Worlds(nativeIpi, bounds)
    const pairs = fc.tuple(
      ...[1, 2].map(() => fc.array(fc.constantFrom(...operationDomain(nativeIpi)), { maxLength: 1 })),
    )
    fc.assert(
      fc.property(pairs, (w) => {
        const counts = (each: Workload): object => {
          const { states, transitions, depth, violation } = explore(worlds.at(each))
          return { states, transitions, depth, violated: violation?.invariant }
        }
        expect(counts(canonicalWorkload(w, nativeIpi, DEFAULT_GROUPS))).toEqual(counts(w))
      }),
      { numRuns: 60, seed: 4 },
    )
  })
})
