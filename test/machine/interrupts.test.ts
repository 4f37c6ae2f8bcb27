import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inInstruction } from '../../src/machine/invalidate.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { perCpu } from '../../src/machine/word.ts'
import { operations, programs, type Drive, type Program, type Setup } from './drive.ts'
import { everyState } from './every-state.ts'

/** A policy with two interrupts of its own, whose handlers count and look at IF by way of the tests. */
const ringing = definePolicy({
  name: 'ringing',
  summary: 'Has interrupts that count how often they were taken',
  shared: { rung: perCpu({ max: 7 }), other: perCpu({ max: 7 }) },
  *flush() {},
  interrupts: {
    *bell(cpu) {
      yield* cpu.fetchAdd(cpu.shared.rung.of(cpu.id), 1)
      yield* cpu.fetchAnd(cpu.shared.rung.of(cpu.id), 7)
    },
    *gong(cpu) {
      yield* cpu.fetchAdd(cpu.shared.other.of(cpu.id), 1)
    },
  },
})
const setup: Setup = { policy: ringing }

const ring = (times: number, vector = 'bell'): Program =>
  function* (cpu) {
    for (let i = 0; i < times; i++) yield* cpu.sendIpi(1, vector)
  }
const busy: Program = function* (cpu) {
  yield* cpu.sti()
  yield* cpu.sti()
}
const IF = (d: Drive, cpu: number): number => d.S[d.m.interruptFlag + cpu]
const bell = 'interrupt cpu1 bell'

describe('an interrupt', () => {
  it('waits while IF is clear and is taken when it is set again', () => {
    const d = programs(
      [
        ring(1),
        function* (cpu) {
          yield* cpu.cli()
          yield* cpu.sti()
          yield* cpu.sti()
        },
      ],
      setup,
    )
    d.go('cpu1', 'cpu0')
    expect(d.can(bell)).toBe(false)
    expect(d.world.witnessed).toContain('ipi-held-off')
    d.go('cpu1')
    expect(d.can(bell)).toBe(true)
  })

  it('is taken between two accesses, never between the steps of one', () => {
    const d = programs(
      [
        ring(1),
        function* (cpu) {
          yield* cpu.access(0, 'write')
          yield* cpu.access(0, 'read')
        },
      ],
      setup,
    )
    d.go('cpu0')
    expect(d.can(bell)).toBe(true)
    d.go('cpu1')
    expect(d.can(bell)).toBe(false)
    // The translation is there, but the store has not been done yet.
    d.go('cpu1')
    expect(d.can(bell)).toBe(false)
    d.go('cpu1')
    expect(d.done(1).at(-1)).toBe('access')
    expect(d.can(bell)).toBe(true)
  })

  it('wakes a CPU that has nothing to do', () => {
    const d = programs([ring(1)], { ...setup, machine: { vcpus: 2 } })
    d.go('cpu0', bell)
    d.finish(1)
    expect(d.words('rung')).toEqual([0, 1])
  })

  it('goes before the code that it interrupts, which then goes on where it was', () => {
    const d = programs([ring(1), busy], setup)
    d.go('cpu0', 'cpu1', bell, 'cpu1', 'cpu1')
    expect(d.seen.filter(({ cpu }) => cpu === 1).map(({ role, op }) => `${role} ${op}`)).toEqual([
      'operation sti',
      'interrupt add',
      'interrupt and',
    ])
    expect(d.finish(1)).toBe(1)
    expect(d.done(1).at(-1)).toBe('sti')
  })
})

describe('a handler', () => {
  it('runs with IF clear and gives it back when it ends', () => {
    const d = programs([ring(1), busy], setup).go('cpu0')
    expect(IF(d, 1)).toBe(1)
    d.go(bell)
    expect(IF(d, 1)).toBe(0)
    d.go('cpu1')
    expect(IF(d, 1)).toBe(0)
    d.go('cpu1')
    expect(IF(d, 1)).toBe(1)
  })

  it('is not interrupted, by its own vector or by another', () => {
    const d = programs(
      [
        function* (cpu) {
          for (const vector of ['bell', 'bell', 'gong']) yield* cpu.sendIpi(1, vector)
        },
      ],
      { ...setup, machine: { vcpus: 2 } },
    )
    d.go('cpu0', bell, 'cpu0', 'cpu0')
    expect(d.names()).toEqual(['cpu1'])
    d.go('cpu1', 'cpu1')
    expect(d.names().toSorted()).toEqual([bell, 'interrupt cpu1 gong'])
  })
})

describe('sends of one vector', () => {
  it('collapse into one while it is pending', () => {
    const d = programs([ring(3), busy], setup)
      .times(3, 'cpu0')
      .go(bell)
    d.finish(1)
    expect(d.words('rung')).toEqual([0, 1])
    expect(d.can(bell)).toBe(false)
  })

  it('do not collapse once it was taken: a send during the handler comes again', () => {
    const d = programs([ring(2), busy], setup).go('cpu0', bell, 'cpu0', 'cpu1', 'cpu1', bell)
    d.finish(1)
    expect(d.words('rung')).toEqual([0, 2])
  })

  it('do not collapse with another vector', () => {
    const d = programs(
      [
        function* (cpu) {
          yield* cpu.sendIpi(1, 'bell')
          yield* cpu.sendIpi(1, 'gong')
        },
        busy,
      ],
      setup,
    ).times(2, 'cpu0')
    expect(d.names()).toEqual(expect.arrayContaining([bell, 'interrupt cpu1 gong']))
    d.go('interrupt cpu1 gong', 'cpu1', bell, 'cpu1', 'cpu1')
    expect([d.words('rung'), d.words('other')]).toEqual([
      [0, 1],
      [0, 1],
    ])
  })

  it('go to the CPU that is named and to no other', () => {
    const d = programs([ring(1), busy, busy], setup).go('cpu0')
    expect(d.names().filter((name) => name.startsWith('interrupt'))).toEqual([bell])
  })

  it('to oneself are possible', () => {
    const d = programs(
      [
        function* (cpu) {
          yield* cpu.sendIpi(0, 'bell')
        },
      ],
      setup,
    ).go('cpu0', 'interrupt cpu0 bell')
    d.finish(0)
    expect(d.words('rung')).toEqual([1])
  })
})

describe('in every state of a world with locks, walks and interrupts', () => {
  const world = (): Drive =>
    operations(
      [
        [{ op: 'munmap', page: 0 }],
        [
          { op: 'gup_fast', page: 0 },
          { op: 'read', page: 0 },
        ],
      ],
      { machine: { preemptions: 1 } },
    )

  it('no interrupt is taken with IF clear, within an instruction, or off a CPU; and each of those happens with one pending', () => {
    const waited = { masked: 0, inside: 0, preempted: 0, taken: 0 }
    everyState(world(), (d) => {
      for (const cpu of [0, 1]) {
        const taken = d.names().some((name) => name.startsWith(`interrupt cpu${cpu}`))
        const pending = d.S[d.m.pending + cpu] !== 0
        const masked = IF(d, cpu) === 0
        const inside = inInstruction(d.m, cpu)
        const preempted = d.S[d.m.on + cpu] === 0
        expect(taken).toBe(pending && !masked && !inside && !preempted)
        waited.taken += taken ? 1 : 0
        waited.masked += pending && masked ? 1 : 0
        waited.inside += pending && inside ? 1 : 0
        waited.preempted += pending && preempted ? 1 : 0
      }
    })
    for (const count of Object.values(waited)) expect(count).toBeGreaterThan(0)
  })

  it('IF is set again at the end of every run', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (picks) => {
        const d = world().wander((count) => picks.next().value! % count)
        expect(d.world.final()).toBe(true)
        expect([IF(d, 0), IF(d, 1)]).toEqual([1, 1])
      }),
      { numRuns: 40 },
    )
  })
})
