/** How an exhaustive search ends early, and that what it counts does not depend on how states are packed. */
import { describe, expect, it } from 'vitest'
import { explore } from '../../src/explore/exhaustive.ts'
import { hypervRcu, nativeIpi, xenPv } from '../../src/policies/index.ts'
import { Worlds } from '../../src/scenario/worlds.ts'
import { bruteForce } from './brute-force.ts'
import { quiet } from './quiet.ts'
import { Tiny, philosophers, type TinyStep } from './tiny.ts'

/** Counts up as long as it is asked to. */
const endless = (): Tiny => new Tiny({ variables: 1, threads: [[{ run: (v) => (v[0]++, 0) }]] })

/** Goes on with probability 1/2, otherwise ends: random runs never see its large values. */
function shy(values: number): Tiny {
  const step: TinyStep = {
    outcomes: 2,
    when: (v) => v[0] < values,
    run: (v, picked) => (picked === 0 ? 1 : (v[0]++, 0)),
  }
  return new Tiny({ variables: 1, threads: [[step], [{ run: () => undefined }]] })
}

describe('a search that grows too large', () => {
  it('ends in a sentence that names the limit and says what to lower', () => {
    expect(() => explore(endless(), { maxStates: 5000 })).toThrow(
      'More than 5,000 states. Lower the number of vCPUs, operations or preemptions, or raise the limit.',
    )
  })

  it('does not reach the limit where there are exactly as many states', () => {
    const { states } = explore(philosophers(3, true))
    expect(explore(philosophers(3, true), { maxStates: states }).states).toBe(states)
    expect(() => explore(philosophers(3, true), { maxStates: states - 1 })).toThrow('states')
  })
})

describe('a search that is stopped', () => {
  it('is not complete, and claims nothing', () => {
    expect(explore(endless(), { stop: () => true })).toMatchObject({ complete: false, violation: undefined })
  })

  it('is asked again and again', () => {
    let asked = 0
    expect(explore(endless(), { stop: () => ++asked === 3 })).toMatchObject({ complete: false })
    expect(asked).toBe(3)
  })

  it('is complete if nobody stops it', () => {
    expect(explore(philosophers(3, true), { stop: () => false }).complete).toBe(true)
  })
})

describe('what a search counts', () => {
  it.each([3, 17, 40, 300, 2000])(
    'is the same after the packer met values that no random run showed it: %i of them',
    (values) => {
      const { states, transitions, depth } = bruteForce(shy(values))
      for (const fitted of [true, false]) {
        const system = shy(values)
        const first = explore(system, { fitted, countOnly: true })
        expect(first).toMatchObject({ states, transitions, depth, complete: true })
        expect(explore(system, { fitted, countOnly: true })).toMatchObject({ states, transitions, depth })
      }
    },
  )

  it.each([nativeIpi, hypervRcu, xenPv])(
    'does not depend on fitting the packed form to it: $name',
    (policy) => {
      const worlds = new Worlds(policy, quiet())
      for (const op of ['munmap', 'reclaim', 'mprotect']) {
        const world = worlds.at([[{ op, page: 2 }], [{ op: 'write', page: 3 }]])
        const loose = explore(world, { fitted: false, countOnly: true })
        const fitted = explore(world, { fitted: true, countOnly: true })
        const { bytes: _b, packedBits: looseBits, ...counts } = loose
        expect(fitted).toMatchObject(counts)
        expect(fitted.packedBits).toBeLessThanOrEqual(looseBits)
      }
    },
  )

  const holding = (...values: number[]): void => {
    const pick: TinyStep = { outcomes: values.length, run: (v, picked) => void (v[0] = values[picked]) }
    const system = new Tiny({ variables: 1, threads: [[pick, pick]] })
    const { states, transitions } = bruteForce(system)
    expect(explore(system, { countOnly: true })).toMatchObject({ states, transitions })
  }

  it('holds for values of any width', () => holding(15, 16, 65_535, 65_536, 65_537, 0x7fffffff, 0))

  it('holds for negative values', () => holding(-1, -2, 1, -0x80000000))
})
