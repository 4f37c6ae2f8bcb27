/** The large policy of the benchmarks is sound, however it boots, and would be caught if it were not. */
import { describe, expect, it } from 'vitest'
import { pvGuest } from '../../bench/policies/pv-guest.ts'
import { plainBounds } from '../../bench/workloads.ts'
import { explore, makeBounds, withOptions, Worlds, type Workload } from '../../src/index.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'

const workloads: readonly (readonly [string, Workload])[] = [
  [
    'a range is unmapped',
    [
      [
        { op: 'unmap_region', page: 2 },
        { op: 'read', page: 2 },
      ],
      [
        { op: 'gup_fast', page: 2 },
        { op: 'read', page: 3 },
      ],
    ],
  ],
  ['the key is turned', [[{ op: 'turn_key' }, { op: 'munmap', page: 0 }], [{ op: 'gup_fast', page: 0 }]]],
  [
    'a page migrates',
    [
      [{ op: 'migrate', page: 0 }],
      [
        { op: 'gup_fast', page: 0 },
        { op: 'write', page: 0 },
      ],
    ],
  ],
  [
    'a page moves',
    [
      [{ op: 'move_entry', page: 2 }],
      [
        { op: 'munmap', page: 3 },
        { op: 'read', page: 2 },
      ],
    ],
  ],
  [
    'a page is shared',
    [
      [{ op: 'share_for_copy', page: 2 }],
      [
        { op: 'collapse', page: 2 },
        { op: 'write', page: 2 },
      ],
    ],
  ],
  ['work is put off', [[{ op: 'poke' }, { op: 'munmap', page: 0 }], [{ op: 'read', page: 0 }]]],
]

function search(policy: AnyPolicy, workload: Workload) {
  const { violation, complete } = explore(
    new Worlds(policy, makeBounds({ ...plainBounds, spare: 1 })).at(workload),
  )
  return { violation: violation?.invariant, complete }
}

describe.each(['native', 'paravirtual'] as const)('a guest that boots %s', (boot) => {
  it.each(workloads)('is safe while %s', (_what, workload) => {
    expect(search(withOptions(pvGuest, { boot }), workload)).toEqual({ violation: undefined, complete: true })
  })
})

describe('a paravirtual guest that is broken', () => {
  const [[, unmapping], [, turning]] = workloads

  it('is caught if it frees tables at once', () => {
    const { freeTable: _, ...atOnce } = pvGuest
    expect(search(atOnce, unmapping).violation).toBe('software-walk')
  })

  it('is caught if its host forgets what was asked of it', () => {
    const { onVcpuEntry: _, ...forgetful } = pvGuest
    const one: Workload = [
      [{ op: 'munmap', page: 0 }],
      [
        { op: 'read', page: 0 },
        { op: 'read', page: 0 },
      ],
    ]
    expect(search(pvGuest, one).violation).toBeUndefined()
    expect(search(forgetful, one).violation).toBe('stale-translation')
  })

  it('is caught if its key is turned in one go', () => {
    const turn_key = {
      summary: 'turn the second side first',
      *run(cpu: Parameters<NonNullable<typeof pvGuest.boot>>[0]) {
        yield* cpu.store(cpu.shared.paravirtual.of(), 1)
      },
    }
    const hasty = { ...pvGuest, operations: { ...pvGuest.operations, turn_key } }
    expect(search(withOptions(hasty, { boot: 'native' }), turning).violation).toBe('key-in-order')
  })
})
