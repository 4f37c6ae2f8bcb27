/** A workload from outside is checked, and what is wrong with it is said in one sentence. */
import { describe, expect, it } from 'vitest'
import { ShootdownError } from '../../src/errors.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { nativeIpi, policies, staticKey } from '../../src/policies/index.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { quiet } from '../explore/quiet.ts'
import { boundedWorkloads } from '../../src/scenario/enumerate-workloads.ts'
import { checkWorkload } from '../../src/scenario/check-workload.ts'
import type { Operation } from '../../src/scenario/workload.ts'

const check = (
  operation: Operation,
  policy: AnyPolicy = nativeIpi,
  groups?: readonly (readonly number[])[],
): void => checkWorkload('case.json', [[], [operation]], policy, groups)

describe('a workload from outside', () => {
  it('passes if it could have been enumerated', () => {
    for (const policy of policies) {
      for (const workload of boundedWorkloads(policy, 2, 1))
        expect(() => checkWorkload('case.json', workload, policy)).not.toThrow()
    }
  })

  it.each<[string, Operation, string]>([
    [
      'an operation that nobody knows',
      { op: 'mmap', page: 0 },
      'operation "mmap" is not known to policy "native-ipi"; known: munmap, gup_fast,',
    ],
    [
      'an operation of another policy',
      { op: 'turn_key' },
      'operation "turn_key" is not known to policy "native-ipi"',
    ],
    [
      'an operation with a page too much',
      { op: 'reuse', page: 0 },
      'operation "reuse" takes no page, but has page 0',
    ],
    [
      'an operation without its page',
      { op: 'munmap' },
      'operation "munmap" has page missing; expected one of 0, 2, 3',
    ],
    [
      'a page that is not mapped',
      { op: 'read', page: 1 },
      'operation "read" has page 1; expected one of 0, 2, 3',
    ],
    [
      'a page that is no page',
      { op: 'read', page: -1 },
      'operation "read" has page -1; expected one of 0, 2, 3',
    ],
    [
      'a region that is no whole table',
      { op: 'collapse', page: 0 },
      'operation "collapse" has page 0; expected the first page of a fully mapped table',
    ],
    [
      'a region named by its last page',
      { op: 'collapse', page: 3 },
      'operation "collapse" has page 3; expected the first page',
    ],
    [
      'a region without a page',
      { op: 'collapse' },
      'operation "collapse" has page missing; expected the first page',
    ],
  ])('is refused for %s', (_, operation, sentence) => {
    expect(() => check(operation)).toThrow(ShootdownError)
    expect(() => check(operation)).toThrow(`case.json: ${sentence}`)
  })

  it('is checked against the pages of its own bounds', () => {
    expect(() => check({ op: 'read', page: 6 }, nativeIpi, [[6, 7]])).not.toThrow()
    expect(() => check({ op: 'collapse', page: 6 }, nativeIpi, [[6, 7]])).not.toThrow()
    expect(() => check({ op: 'read', page: 0 }, nativeIpi, [[6, 7]])).toThrow('expected one of 6, 7')
  })

  it('knows the operations of its policy, which take no page', () => {
    expect(() => check({ op: 'turn_key' }, staticKey)).not.toThrow()
    expect(() => check({ op: 'turn_key', page: 0 }, staticKey)).toThrow('takes no page, but has page 0')
  })

  it('names the policy and every operation that it could have had', () => {
    expect(() => check({ op: 'nope' }, staticKey)).toThrow(
      /policy "static-key"; known: munmap, .*switch_mm, turn_key\.$/,
    )
  })

  it.each(['toString', 'constructor', '__proto__'])(
    'is refused for an operation that every object has: %s',
    (op) => {
      for (const policy of [nativeIpi, staticKey])
        expect(() => check({ op }, policy)).toThrow('is not known to policy')
    },
  )

  it('may have an operation of its policy that is called as what every object has', () => {
    const turn = staticKey.operations!['turn_key']
    const policy: AnyPolicy = { ...staticKey, operations: { constructor: turn } }
    expect(() => check({ op: 'constructor' }, policy)).not.toThrow()
    const world = new Worlds(policy, quiet()).at([[{ op: 'constructor' }], []])
    expect(world.final()).toBe(false)
  })

  it('is refused for more CPUs than its machine has', () => {
    const workload = [[], [], [{ op: 'munmap', page: 0 }]]
    const worlds = new Worlds(nativeIpi, quiet({ vcpus: 2 }))
    const sentence = 'its workload is for 3 CPUs; expected at most 2, which is what the bounds have.'
    expect(() => checkWorkload('case.json', workload, nativeIpi, [[0]], 2)).toThrow(`case.json: ${sentence}`)
    expect(() => worlds.at(workload)).toThrow(`native-ipi: ${sentence}`)
  })
})
