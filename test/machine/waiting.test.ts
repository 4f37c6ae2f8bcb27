import { describe, expect, it } from 'vitest'
import { variable } from '../../src/machine/word.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { program, programs, type Drive, type Program } from './drive.ts'

const words = definePolicy({
  name: 'words',
  summary: 'Has a word of its own, and does not flush',
  shared: { x: variable({ max: 200 }) },
  *flush() {},
})

describe('waiting', () => {
  it('is not enabled until the word is as wanted, and then takes one step', () => {
    const d = programs(
      [
        (cpu) => cpu.until(cpu.shared.x.of(), 2),
        function* (cpu) {
          yield* cpu.store(cpu.shared.x.of(), 1)
          yield* cpu.store(cpu.shared.x.of(), 2)
        },
      ],
      { policy: words },
    )
    expect(d.can('cpu0')).toBe(false)
    d.go('cpu1')
    expect(d.can('cpu0')).toBe(false)
    d.go('cpu1', 'cpu0')
    expect(d.world.final()).toBe(true)
  })

  it('can be for some bits only', () => {
    const d = programs(
      [(cpu) => cpu.until(cpu.shared.x.of(), 4, 6), (cpu) => cpu.store(cpu.shared.x.of(), 13)],
      { policy: words },
    )
    expect(d.can('cpu0')).toBe(false)
    d.go('cpu1')
    expect(d.can('cpu0')).toBe(true)
  })

  it('for ever is a deadlock that names who waits for what', () => {
    const d = program((cpu) => cpu.until(cpu.shared.x.of(), 2), { policy: words })
    expect(d.names()).toEqual([])
    expect(d.world.final()).toBe(false)
    expect(d.world.deadlock()).toEqual({
      invariant: 'flush-completes',
      explanation: 'deadlock; CPU0: wait until x = 2',
    })
  })
})

describe('a lock', () => {
  const critical: Program = function* (cpu) {
    yield* cpu.lock(cpu.kernel.lock[0])
    yield* cpu.fetchAdd(cpu.shared.x.of(), 1)
    yield* cpu.fetchAdd(cpu.shared.x.of(), 1)
    yield* cpu.unlock(cpu.kernel.lock[0])
  }

  it('keeps everybody else out while it is held, and lets them in afterwards', () => {
    const d = programs([critical, critical], { policy: words }).go('cpu0')
    expect(d.words('mmap_lock')).toEqual([1])
    expect(d.can('cpu1')).toBe(false)
    d.finish(0)
    expect(d.words('mmap_lock')).toEqual([0])
    d.finish(1)
    expect(d.words('x')).toEqual([4])
  })

  it('does not block interrupts of who waits for it', () => {
    const d = programs(
      [
        function* (cpu) {
          yield* cpu.lock(cpu.kernel.lock[0])
          yield* cpu.syncByIpi([1])
          yield* cpu.unlock(cpu.kernel.lock[0])
        },
        critical,
      ],
      { policy: words },
    )
    d.times(2, 'cpu0')
    expect(d.names()).toEqual(['interrupt cpu1 call-function'])
  })
})

describe('a choice', () => {
  it('has one transition an outcome, and the code gets the one that was taken', () => {
    const d = (): Drive =>
      program(
        function* (cpu) {
          yield* cpu.store(cpu.shared.x.of(), 10 + (yield* cpu.choose(3)))
        },
        { policy: words },
      )
    expect(d().names()).toEqual(['cpu0', 'cpu0 alternative 1', 'cpu0 alternative 2'])
    expect(
      d()
        .names()
        .map((name) => d().go(name, 'cpu0').words('x')[0]),
    ).toEqual([10, 11, 12])
  })

  it('is how an allocation fails', () => {
    const d = (): Drive =>
      program(
        function* (cpu) {
          yield* cpu.store(cpu.shared.x.of(), (yield* cpu.tryAllocate()) ? 1 : 2)
        },
        { policy: words },
      )
    expect(d().go('cpu0', 'cpu0').words('x')).toEqual([1])
    expect(d().go('cpu0 alternative 1', 'cpu0').words('x')).toEqual([2])
  })

  it('is never made within another transition', () => {
    const d = program(
      function* (cpu) {
        yield* cpu.lock(cpu.kernel.lock[0])
        yield* cpu.choose(2)
        yield* cpu.unlock(cpu.kernel.lock[0])
      },
      { policy: words },
    )
    expect(d.names()).toEqual(['cpu0'])
    d.go('cpu0')
    expect(d.names()).toEqual(['cpu0', 'cpu0 alternative 1'])
  })
})
