import { describe, expect, it } from 'vitest'
import { VALID } from '../../src/machine/cached.ts'
import { programs, type Drive, type Program } from '../machine/drive.ts'
import { calling } from './calling.ts'

const PAGES = [0, 2]
const machine = { pages: PAGES, preemptions: 2 }
/** CPU1 fills its TLB, clears IF, and goes on for a while. */
const warm: Program = function* (cpu) {
  for (const page of PAGES) yield* cpu.access(page, 'read')
  yield* cpu.cli()
  for (let i = 0; i < 3; i++) yield* cpu.store(cpu.shared.seen.of(cpu.id), i)
  yield* cpu.sti()
}
const cached = (d: Drive, cpu = 1): number[] => PAGES.filter((page) => d.tlb(cpu, page) & VALID)
const structures = (d: Drive, cpu = 1): number[] => PAGES.filter((page) => d.structure(cpu, 1, page) & VALID)
const call =
  (name: string, cpus: readonly number[], pages = 0): Program =>
  (cpu) =>
    cpu.hypercall(name, pages, cpus)
const calls = (caller: Program, given = {}): Drive =>
  programs([caller, warm], { policy: calling, machine: { ...machine, ...given } }).until(1, 'cli')

describe('the flag for the next VM entry', () => {
  it('is honoured when the vCPU is scheduled, before it does anything', () => {
    const d = calls(call('flag', [1])).go('preempt cpu1')
    d.finish(0)
    expect(cached(d)).toEqual(PAGES)
    expect(d.words('flush at entry')).toEqual([0, 1])
    d.go('schedule cpu1 on pcpu1')
    expect([cached(d), structures(d)]).toEqual([[], []])
    expect(d.words('flush at entry')).toEqual([0, 0])
  })

  it('is honoured once', () => {
    const d = calls(call('flag', [1])).go('preempt cpu1')
    d.finish(0)
    d.go('schedule cpu1 on pcpu1')
    d.S[d.tlbAt(1, 0)] = VALID
    d.go('preempt cpu1', 'schedule cpu1 on pcpu1')
    expect(cached(d)).toEqual([0])
  })

  it('does nothing to a vCPU that stays in guest mode', () => {
    const d = calls(call('flag', [1]))
    d.finish(0)
    d.finish(1)
    expect(cached(d)).toEqual(PAGES)
  })

  it('for oneself is honoured on return from the hypercall', () => {
    const d = programs(
      [
        function* (cpu) {
          yield* cpu.access(0, 'read')
          yield* cpu.hypercall('flag', 0, [cpu.id])
          yield* cpu.sti()
        },
      ],
      { policy: calling, machine },
    )
    d.until(0, 'access').go('cpu0')
    expect(cached(d, 0)).toEqual([0])
    d.go('cpu0')
    expect(cached(d, 0)).toEqual([])
  })

  it('that was not set leaves everything in place over preemption and scheduling', () => {
    const d = calls(call('nothing', [])).go('preempt cpu1', 'schedule cpu1 on pcpu1')
    expect([cached(d), structures(d)]).toEqual([PAGES, PAGES])
  })
})

describe('a flush of a vCPU', () => {
  it('takes its translations away at once, running or not, and leaves those of others', () => {
    for (const before of [[], ['preempt cpu1']]) {
      const d = programs(
        [
          function* (cpu) {
            yield* warm(cpu)
            yield* cpu.hypercall('flush', 0, [1])
          },
          warm,
        ],
        { policy: calling, machine },
      )
      d.until(0, 'sti')
        .until(1, 'cli')
        .go(...before)
      d.finish(0)
      expect([cached(d), structures(d)]).toEqual([[], []])
      expect([cached(d, 0), structures(d, 0)]).toEqual([PAGES, PAGES])
    }
  })

  it('of some pages takes those and all paging-structure caches', () => {
    const d = calls(call('flush', [1], 0b10))
    d.finish(0)
    expect([cached(d), structures(d)]).toEqual([[0], []])
  })

  it('notes whether its target was preempted', () => {
    const running = calls(call('flush', [1]))
    running.finish(0)
    expect(running.world.witnessed).not.toContain('target-preempted')
    const preempted = calls(call('flush', [1])).go('preempt cpu1')
    preempted.finish(0)
    expect(preempted.world.witnessed).toContain('target-preempted')
  })

  it('does not move its target: interrupts stay off and its code stands where it stood', () => {
    const d = calls(call('flush', [1])).go('cpu1')
    const done = d.done(1).length
    d.finish(0)
    expect(d.done(1)).toHaveLength(done)
    expect(d.S[d.m.interruptFlag + 1]).toBe(0)
  })

  it('makes an access in flight start anew', () => {
    const d = programs([call('flush', [1]), (cpu) => cpu.access(0, 'read')], { policy: calling, machine })
    d.go('cpu1', 'cpu0', 'cpu0')
    expect(d.S[d.m.caches.pointer + 1]).toBe(0)
    const from = d.seen.length
    d.finish(1)
    expect(d.seen.slice(from).filter(({ op }) => op === 'walk')).toHaveLength(2)
  })
})

describe('a kick', () => {
  it('interrupts a vCPU whose IF is clear, and is waited for until it has', () => {
    const d = calls(call('kick', [1]))
    expect(d.S[d.m.interruptFlag + 1]).toBe(0)
    d.go('cpu0', 'cpu0')
    expect(d.can('cpu0')).toBe(false)
    expect(d.can('exit cpu1')).toBe(true)
    d.go('exit cpu1', 'cpu0')
    expect(d.world.nextNode(0)).toBe(-1)
    expect(d.S[d.m.interruptFlag + 1]).toBe(0)
  })

  it('makes a flag take effect', () => {
    const d = calls(function* (cpu) {
      yield* cpu.hypercall('flag', 0, [1])
      yield* cpu.hypercall('kick', 0, [1])
    })
    d.times(4, 'cpu0')
    expect(cached(d)).toEqual(PAGES)
    d.go('exit cpu1')
    expect(cached(d)).toEqual([])
  })

  it('discards the access that it interrupts', () => {
    const d = programs([call('kick', [1]), (cpu) => cpu.access(0, 'read')], { policy: calling, machine })
    d.times(2, 'cpu1').times(2, 'cpu0').go('exit cpu1')
    expect([d.m.caches.pointer, d.m.caches.latch, d.m.walk].map((at) => d.S[at + 1])).toEqual([0, 0, 0])
    d.finish(1)
    expect(d.seen.at(-1)).toMatchObject({ cpu: 1, op: 'access', result: 0 })
  })

  it('of a vCPU that is off its pCPU does nothing and is not waited for', () => {
    const d = calls(call('kick', [1])).go('preempt cpu1')
    d.finish(0)
    expect(d.words('kick pending')).toEqual([0, 0])
    d.go('schedule cpu1 on pcpu1')
    expect(d.can('exit cpu1')).toBe(false)
  })

  it('is taken by a preemption that comes first', () => {
    const d = calls(call('kick', [1]))
      .times(2, 'cpu0')
      .go('preempt cpu1')
    expect(d.words('kick pending')).toEqual([0, 0])
    d.go('cpu0')
    expect(d.world.nextNode(0)).toBe(-1)
  })

  it('is taken by a hypercall of its target that comes first', () => {
    const d = programs([call('kick', [1]), call('slow', [])], { policy: calling, machine })
    d.times(2, 'cpu0').go('cpu1')
    expect(d.can('cpu0')).toBe(true)
  })

  it('of each other ends: host code is left by a kick too', () => {
    const d = programs([call('kick', [1]), call('kick', [0])], { policy: calling, machine: { pages: PAGES } })
    d.times(2, 'cpu0').times(2, 'cpu1')
    expect(d.names().toSorted()).toContain('exit cpu0')
    d.wander(() => 0)
    expect(d.world.final()).toBe(true)
  })
})
