import { describe, expect, it } from 'vitest'
import { perform } from '../../src/engine/step.ts'
import { DYING, FREE } from '../../src/machine/frame-word.ts'
import { READ_ENTRY, place } from '../../src/machine/table-ops.ts'
import { program, programs, type Drive, type Program, type Setup } from '../machine/drive.ts'

const setup = { machine: { pages: [0, 2] } } satisfies Setup
const named = program(function* () {}, setup)
const [T0, T1] = ['T0', 'T1'].map((name) => named.frame(name))

const callRcu =
  (table = T0): Program =>
  (cpu) =>
    cpu.rcuFree(table)
/** A reader by IF=0, then again; a reader by rcu_read_lock, then again. */
const offTwice: Program = function* (cpu) {
  for (let i = 0; i < 2; i++) {
    yield* cpu.cli()
    yield* cpu.sti()
  }
}
const lockTwice: Program = function* (cpu) {
  for (let i = 0; i < 2; i++) {
    yield* cpu.rcuReadLock()
    yield* cpu.rcuReadUnlock()
  }
}
const canFree = (d: Drive, table = 'T0'): boolean => d.can(`rcu ${table}`)

describe('a table that was handed to RCU', () => {
  it('is freed at once where nobody reads, and not before that is chosen', () => {
    const d = programs([callRcu()], setup).go('cpu0')
    expect(d.kind('T0')).toBe(DYING)
    d.go('rcu T0')
    expect(d.kind('T0')).toBe(FREE)
    expect(canFree(d)).toBe(false)
    expect(d.world.witnessed).not.toContain('rcu-waited')
  })

  it.each([
    ['interrupts off', offTwice],
    ['rcu_read_lock', lockTwice],
  ])('stays until a reader of then has left: %s', (_how, reader) => {
    const d = programs([callRcu(), reader], setup).go('cpu1', 'cpu0')
    expect(canFree(d)).toBe(false)
    expect(d.world.witnessed).toContain('rcu-waited')
    d.go('cpu1')
    expect(canFree(d)).toBe(true)
  })

  it.each([
    ['interrupts off', offTwice],
    ['rcu_read_lock', lockTwice],
  ])('does not wait for later readers: %s', (_how, reader) => {
    const later = programs([callRcu(), reader], setup).go('cpu0', 'cpu1')
    expect(canFree(later)).toBe(true)
    // One that left and came back is a later reader too.
    const back = programs([callRcu(), reader], setup).go('cpu1', 'cpu0', 'cpu1', 'cpu1')
    expect(canFree(back)).toBe(true)
  })

  it('waits for every one of several readers', () => {
    const d = programs([callRcu(), offTwice, lockTwice], setup).go('cpu1', 'cpu2', 'cpu0', 'cpu1')
    expect(canFree(d)).toBe(false)
    d.go('cpu2')
    expect(canFree(d)).toBe(true)
  })

  it('waits for the CPU that handed it over, if that one is a reader itself', () => {
    const d = programs(
      [
        function* (cpu) {
          yield* cpu.rcuReadLock()
          yield* callRcu()(cpu)
          yield* cpu.rcuReadUnlock()
        },
      ],
      setup,
    ).times(2, 'cpu0')
    expect(canFree(d)).toBe(false)
    d.go('cpu0')
    expect(canFree(d)).toBe(true)
  })

  it('waits for an interrupt handler, which runs with interrupts off', () => {
    const d = programs([callRcu(), (cpu) => cpu.sti(), (cpu) => cpu.syncByIpi([1])], setup)
    d.times(2, 'cpu2').go('interrupt cpu1 call-function', 'cpu0')
    expect(canFree(d)).toBe(false)
    d.until(1, 'acknowledge').times(1, 'cpu1')
    expect(d.S[d.m.interruptFlag + 1]).toBe(1)
    expect(canFree(d)).toBe(true)
  })

  it('is not let go by an interrupt that was taken within rcu_read_lock', () => {
    const d = programs(
      [
        callRcu(),
        function* (cpu) {
          yield* cpu.rcuReadLock()
          yield* cpu.cli()
          yield* cpu.sti()
          yield* cpu.rcuReadUnlock()
        },
      ],
      setup,
    ).go('cpu1', 'cpu0', 'cpu1', 'cpu1')
    expect(canFree(d)).toBe(false)
    d.go('cpu1')
    expect(canFree(d)).toBe(true)
  })

  it('waits for a reader that the host has preempted', () => {
    const d = programs([callRcu(), offTwice], { machine: { ...setup.machine, preemptions: 1 } })
    d.go('cpu1', 'preempt cpu1', 'cpu0')
    expect(canFree(d)).toBe(false)
    d.go('schedule cpu1 on pcpu1')
    expect(canFree(d)).toBe(false)
    d.go('cpu1')
    expect(canFree(d)).toBe(true)
  })

  it('is still a table to everybody who walks through it, and no longer once it is freed', () => {
    const walker: Program = function* (cpu) {
      yield* cpu.cli()
      yield* perform(READ_ENTRY, T0, place(1, 0))
      yield* cpu.sti()
      yield* perform(READ_ENTRY, T0, place(1, 0))
    }
    const d = programs([callRcu(), walker], setup).go('cpu1', 'cpu0', 'cpu1', 'cpu1')
    expect(d.violation).toBeUndefined()
    d.go('rcu T0', 'cpu1')
    expect(d.violation).toBe('software-walk')
  })

  it('is waited for apart from other tables', () => {
    const d = programs(
      [
        function* (cpu) {
          yield* callRcu(T0)(cpu)
          yield* callRcu(T1)(cpu)
        },
        offTwice,
      ],
      setup,
    ).go('cpu0', 'cpu1', 'cpu0')
    expect([canFree(d, 'T0'), canFree(d, 'T1')]).toEqual([true, false])
  })

  it('that is none is reported', () => {
    const d = programs([callRcu(named.frame('P0'))], setup).go('cpu0')
    expect(d.violation).toBe('free-once')
  })
})
