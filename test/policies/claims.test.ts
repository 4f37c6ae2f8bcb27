/** Shipped policies, one by one: what they say of themselves, their options, and that they keep nothing to themselves. */
import { describe, expect, it } from 'vitest'
import { explore } from '../../src/explore/exhaustive.ts'
import { optionsOf, policySchema } from '../../src/guest/policy-schema.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { checkPolicy, definePolicy, withOptions } from '../../src/policies/define.ts'
import {
  hypervList,
  hypervRcu,
  nativeIpi,
  policies,
  policyNamed,
  rcuNoFallback,
} from '../../src/policies/index.ts'
import { enumerateWorkloads } from '../../src/scenario/enumerate-workloads.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { verify } from '../../src/verify/verify.ts'
import { quiet } from '../explore/quiet.ts'

const each = policies.map((policy) => [policy.name, policy] as const)
const bounds = quiet({ groups: [[0]], preemptions: 0 })

describe.each(each)('%s', (name, policy) => {
  it('is a policy, and found by its name', () => {
    expect(() => checkPolicy('test', policy)).not.toThrow()
    expect(policyNamed(name)).toBe(policy)
    expect(policySchema.safeParse({ ...policy, flush: undefined }).success).toBe(false)
  })

  it('runs every operation of a workload by itself to its end, without a violation', () => {
    const worlds = new Worlds(policy, quiet())
    for (const workload of enumerateWorkloads(policy, 1, 1)) {
      const { violation, complete } = explore(worlds.at([...workload, []]))
      expect({ workload, violation, complete }).toEqual({ workload, violation: undefined, complete: true })
    }
  })

  it('does the same twice: what it does depends on nothing that a world does not hold', () => {
    const workload = [[{ op: 'munmap', page: 0 }], [{ op: 'reclaim', page: 0 }]]
    const first = explore(new Worlds(policy, bounds).at(workload))
    explore(new Worlds(policy, quiet({ vcpus: 3 })).at([...workload, []]))
    expect(explore(new Worlds(policy, bounds).at(workload))).toEqual(first)
  })
})

describe('the targets of a hypercall', () => {
  const sparse = policies.filter(({ options }) => options !== undefined)

  it('are named by the plain form by default, and can be sparse', () => {
    expect(sparse.length).toBeGreaterThan(5)
    for (const policy of sparse) {
      expect(optionsOf(policy)).toEqual({ targets: 'plain' })
      expect(withOptions(policy, { targets: 'sparse' }).chosen).toEqual({ targets: 'sparse' })
    }
  })

  it('do not change the verdict, nor how the race goes but for the name of the call', () => {
    for (const policy of [hypervList, hypervRcu, rcuNoFallback]) {
      const plain = verify({ policy, bounds, operations: 2 })
      const other = verify({
        policy: withOptions(policy as AnyPolicy, { targets: 'sparse' }),
        bounds,
        operations: 2,
      })
      expect(other.verdict).toBe(plain.verdict)
      expect(other.states).toBe(plain.states)
      expect(other.race?.schedule).toEqual(plain.race?.schedule)
    }
  })

  it('are refused where they are neither', () => {
    expect(() => withOptions(hypervList, { targets: 'dense' })).toThrow(
      'Option "targets" of policy "hyperv-list"',
    )
    expect(() => withOptions(nativeIpi, { targets: 'sparse' })).toThrow('this policy has no options')
    expect(withOptions(nativeIpi, {})).toBe(nativeIpi)
  })
})

describe('what is no policy', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['without a flush', { flush: undefined }, '"flush": expected a generator method'],
    ['with a name in capitals', { name: 'Native IPI' }, '"name": expected a kebab-case name'],
    ['without a summary', { summary: '' }, '"summary"'],
    ['with a claim that is none', { expected: 'maybe' }, '"expected"'],
    [
      'with a hypercall that is no function',
      { hypercalls: { call: 1 } },
      '"hypercalls.call": expected a generator method',
    ],
    ['with a variable that is a number', { shared: { pending: 0 } }, '"shared.pending"'],
  ])('is refused, and the part named: %s', (_, part, sentence) => {
    expect(() => definePolicy({ ...nativeIpi, ...part } as AnyPolicy)).toThrow(sentence)
  })
})
