/** Invariants that a policy states of itself: looked at after every step, and told in its own words. */
import { describe, expect, it } from 'vitest'
import { ShootdownError } from '../../src/errors.ts'
import { explore } from '../../src/explore/exhaustive.ts'
import type { PolicyInvariant } from '../../src/guest/policy.ts'
import type { Shared } from '../../src/guest/policy.ts'
import { perCpu, variable } from '../../src/machine/word.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { nativeIpi } from '../../src/policies/index.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { tellRace } from '../../src/report/race.ts'
import { verify } from '../../src/verify/verify.ts'
import { quiet } from '../explore/quiet.ts'
import { worldOf } from '../mutants/broken-world.ts'

const shared = { inside: variable({ max: 7 }), flushing: perCpu() }
type Own = PolicyInvariant<Shared<typeof shared>>

const counting = (...invariants: Own[]): AnyPolicy =>
  definePolicy({
    name: 'counting',
    summary: 'flushes by IPI, and counts who is flushing',
    shared,
    *flush(cpu, request) {
      yield* cpu.store(cpu.shared.flushing.of(cpu.id), 1)
      yield* cpu.fetchAdd(cpu.shared.inside.of(), 1)
      yield* (nativeIpi as AnyPolicy).flush(cpu, request, 0)
      yield* cpu.fetchAdd(cpu.shared.inside.of(), -1)
      yield* cpu.store(cpu.shared.flushing.of(cpu.id), 0)
    },
    invariants,
  })

const alone: Own = {
  name: 'alone',
  sentence: 'At most one CPU flushes at a time.',
  holds: (words, read) => read(words.inside.of()) <= 1,
}
const nobody: Own = {
  name: 'nobody',
  sentence: 'CPU1 never flushes.',
  holds: (words, read) => read(words.flushing.of(1)) === 0,
}
const throwing: Own = {
  name: 'throwing',
  sentence: 'It never throws.',
  holds: (words, read) => {
    if (read(words.inside.of()) > 0) throw new RangeError('no such CPU')
    return true
  },
}

const bounds = quiet({ groups: [[0]], preemptions: 0 })
const workload = [[{ op: 'munmap', page: 0 }], [{ op: 'reclaim', page: 0 }]]

describe('an invariant of a policy', () => {
  it('that holds in every state is no violation', () => {
    expect(explore(worldOf(counting(alone), bounds, workload)).violation).toBeUndefined()
    expect(verify({ policy: counting(alone), bounds, operations: 1 }).verdict).toBe('safe')
  })

  it('that is broken is told in its own words', () => {
    const { violation } = explore(worldOf(counting(alone, nobody), bounds, workload))
    expect(violation).toEqual({
      invariant: 'nobody',
      explanation: 'does not hold any more: CPU1 never flushes.',
    })
  })

  it('is looked at after every step: the race ends with the step that breaks it', () => {
    const verification = verify({ policy: counting(nobody), bounds: { ...bounds, vcpus: 2 }, operations: 2 })
    const { race } = verification
    expect(race?.violation.invariant).toBe('nobody')
    const told = tellRace(race!, undefined)
    expect(told).toContain('expected: CPU1 never flushes.')
    expect(told).toMatch(/flushing\[1\] = 1 {2}<== nobody$/m)
  })

  it('is the first of several that are broken by one step', () => {
    const sooner: Own = { ...nobody, name: 'sooner' }
    expect(explore(worldOf(counting(sooner, nobody), bounds, workload)).violation?.invariant).toBe('sooner')
    expect(explore(worldOf(counting(nobody, sooner), bounds, workload)).violation?.invariant).toBe('nobody')
  })

  it('gives way to a built-in one that the same run breaks before', () => {
    const policy: AnyPolicy = {
      ...counting(nobody),
      *freeTable(cpu, table) {
        yield* cpu.freeTableNow(table)
        yield* cpu.freeTableNow(table)
      },
    }
    expect(explore(worldOf(policy, bounds, [[{ op: 'munmap', page: 0 }], []])).violation?.invariant).toBe(
      'free-once',
    )
  })

  it('that throws is named, with its policy and what it threw', () => {
    const run = (): unknown => explore(worldOf(counting(alone, throwing), bounds, workload))
    expect(run).toThrow(ShootdownError)
    expect(run).toThrow(
      'Invariant "throwing" of policy "counting" threw: no such CPU. It should return true or false.',
    )
  })

  it('that is no kebab-case name, or no function, is refused when the policy is defined', () => {
    expect(() => counting({ ...alone, name: 'Alone!' })).toThrow('kebab-case')
    expect(() => counting({ ...alone, holds: true as never })).toThrow('expected a function')
  })
})
