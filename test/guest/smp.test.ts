import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VALID } from '../../src/machine/cached.ts'
import { makeRequest } from '../../src/guest/request.ts'
import { programs, type Drive, type Program, type Setup } from '../machine/drive.ts'
import { everyState } from '../machine/every-state.ts'
import { audit } from './audit.ts'

const setup = { machine: { pages: [0, 2], vcpus: 3 } } satisfies Setup
const flushOn =
  (targets: readonly number[], pages = 1, wait = true): Program =>
  (cpu) =>
    cpu.callFunction(targets, makeRequest(0, pages, {}, targets), { wait })
const sync =
  (targets: readonly number[]): Program =>
  (cpu) =>
    cpu.syncByIpi(targets)
const warm: Program = function* (cpu) {
  yield* cpu.access(0, 'read')
  yield* cpu.access(2, 'read')
}
const slots = (d: Drive, from: number): number[] => d.words(`call CPU${from}->CPU`)
const ipi = (cpu: number): string => `interrupt cpu${cpu} call-function`
const handled = (d: Drive, cpu: number): string[] =>
  d.seen.filter((each) => each.cpu === cpu && each.role === 'interrupt').map(({ op }) => op)

describe('a call of a function on another CPU', () => {
  it('fills the slot, sends the IPI, and waits until the slot is empty', () => {
    const d = programs([flushOn([1])], setup)
    d.go('cpu0')
    expect(slots(d, 0)[1]).not.toBe(0)
    expect(d.S[d.m.pending + 1]).toBe(0)
    d.go('cpu0')
    expect(d.S[d.m.pending + 1]).toBe(1)
    expect(d.can('cpu0')).toBe(false)
    d.go(ipi(1))
    d.finish(1)
    expect(slots(d, 0)).toEqual([0, 0, 0])
    d.finish(0)
    expect(d.world.final()).toBe(true)
  })

  it('flushes the pages that it names on its target, before it is acknowledged', () => {
    const d = programs([flushOn([1], 0b10), warm], setup)
    d.finish(1)
    d.times(2, 'cpu0').go(ipi(1))
    d.until(1, 'INVLPG')
    expect(slots(d, 0)[1]).not.toBe(0)
    expect([0, 2].map((page) => d.tlb(1, page) & VALID)).toEqual([VALID, 0])
    d.finish(1)
    expect(handled(d, 1)).toEqual(['read slot', 'INVLPG', 'acknowledge', 'read slot'])
  })

  it('can ask for an answer alone, which flushes nothing', () => {
    const d = programs([sync([1]), warm], setup)
    d.finish(1)
    d.times(2, 'cpu0').go(ipi(1))
    d.finish(1)
    d.finish(0)
    expect([0, 2].map((page) => d.tlb(1, page) & VALID)).toEqual([VALID, VALID])
    expect(handled(d, 1)).not.toContain('INVLPG')
  })

  it('of several CPUs asks all of them before it waits for any', () => {
    const d = programs([flushOn([1, 2])], setup).times(4, 'cpu0')
    expect([d.can(ipi(1)), d.can(ipi(2)), d.can('cpu0')]).toEqual([true, true, false])
    d.go(ipi(2))
    d.finish(2)
    expect(d.can('cpu0')).toBe(false)
    d.go(ipi(1))
    d.finish(1)
    d.finish(0)
    expect(d.world.final()).toBe(true)
  })

  it('of nobody sends nothing and waits for nobody', () => {
    const d = programs([flushOn([])], setup)
    expect(d.world.final()).toBe(true)
  })

  it('need not wait; but the next one waits for its slot', () => {
    const d = programs(
      [
        function* (cpu) {
          yield* flushOn([1], 0b01, false)(cpu)
          yield* flushOn([1], 0b10, false)(cpu)
        },
        warm,
      ],
      setup,
    )
    d.finish(1)
    d.times(2, 'cpu0')
    expect(d.can('cpu0')).toBe(false)
    d.go(ipi(1))
    d.finish(1)
    d.times(2, 'cpu0').go(ipi(1))
    d.finish(1)
    expect([0, 2].map((page) => d.tlb(1, page) & VALID)).toEqual([0, 0])
    expect(d.world.final()).toBe(true)
  })

  it('waits as long as its target has interrupts off', () => {
    const d = programs(
      [
        sync([1]),
        function* (cpu) {
          yield* cpu.cli()
          yield* cpu.access(0, 'read')
          yield* cpu.sti()
        },
      ],
      setup,
    )
      .go('cpu1')
      .times(2, 'cpu0')
    while (d.S[d.m.interruptFlag + 1] === 0) {
      expect([d.can('cpu0'), d.can(ipi(1))]).toEqual([false, false])
      d.go('cpu1')
    }
    expect(d.can(ipi(1))).toBe(true)
  })
})

describe('the handler', () => {
  it('serves all slots that are filled with one IPI', () => {
    const d = programs([flushOn([2], 0b01), flushOn([2], 0b10), warm], setup)
    d.finish(2)
    d.times(2, 'cpu0').times(2, 'cpu1')
    expect(d.S[d.m.pending + 2]).toBe(1)
    d.go(ipi(2))
    d.finish(2)
    expect(handled(d, 2).filter((op) => op === 'acknowledge')).toHaveLength(2)
    expect([0, 2].map((page) => d.tlb(2, page) & VALID)).toEqual([0, 0])
    expect(d.can(ipi(2))).toBe(false)
    d.finish(0)
    d.finish(1)
    expect(audit(d)).toEqual([])
  })

  it('finds nothing to do where another one has served its slot already, and ends', () => {
    const d = programs([sync([2]), sync([2])], setup)
      .times(2, 'cpu0')
      .go('cpu1', ipi(2))
    // The second slot is filled before the handler looks, the IPI for it comes later.
    d.finish(2)
    d.go('cpu1', ipi(2))
    d.finish(2)
    expect(handled(d, 2)).toEqual([
      'read slot',
      'acknowledge',
      'read slot',
      'acknowledge',
      'read slot',
      'read slot',
    ])
    d.finish(0)
    d.finish(1)
    expect(d.world.final()).toBe(true)
  })

  it('comes again for a slot that is filled after it has looked', () => {
    const d = programs([sync([2]), sync([2])], setup)
      .times(2, 'cpu0')
      .go(ipi(2))
    d.until(2, 'read slot', 2).times(2, 'cpu1')
    d.finish(2)
    expect(d.can(ipi(2))).toBe(true)
    d.go(ipi(2))
    d.finish(2)
    d.finish(1)
    expect(slots(d, 1)).toEqual([0, 0, 0])
  })
})

describe('calls all at once', () => {
  it('end in every interleaving of two CPUs that call each other, and are never acknowledged before they are served', () => {
    let ends = 0
    everyState(programs([sync([1]), sync([0])], { machine: { vcpus: 2 } }), (d) => {
      if (d.names().length > 0) return
      ends++
      expect(d.world.final()).toBe(true)
      expect(audit(d)).toEqual([])
    })
    expect(ends).toBeGreaterThan(0)
  })

  it('end in every run of three CPUs that call each other, where each flush has reached all', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (picks) => {
        const d = programs(
          [0, 1, 2].map(
            (self): Program =>
              function* (cpu) {
                yield* warm(cpu)
                yield* flushOn(
                  [0, 1, 2].filter((v) => v !== self),
                  1 << (self % 2),
                )(cpu)
              },
          ),
          setup,
        )
        d.wander((count) => picks.next().value! % count)
        expect(d.world.final()).toBe(true)
        expect(audit(d)).toEqual([])
        for (const cpu of [0, 1, 2])
          expect(handled(d, cpu).filter((op) => op === 'acknowledge')).toHaveLength(2)
      }),
      { numRuns: 40 },
    )
  })

  it('deadlock where both have interrupts off, and it is said who waits', () => {
    const stuck: (other: number) => Program = (other) =>
      function* (cpu) {
        yield* cpu.cli()
        yield* sync([other])(cpu)
        yield* cpu.sti()
      }
    const d = programs([stuck(1), stuck(0)], { machine: { vcpus: 2 } })
      .times(3, 'cpu0')
      .times(3, 'cpu1')
    expect(d.names()).toEqual([])
    expect(d.world.final()).toBe(false)
    expect(d.world.deadlock().explanation).toBe(
      'deadlock; CPU0 with interrupts off: call CPU0->CPU1: wait for the acknowledgement; ' +
        'CPU1 with interrupts off: call CPU1->CPU0: wait for the acknowledgement',
    )
  })
})
