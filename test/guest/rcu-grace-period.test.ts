import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { perform } from '../../src/engine/step.ts'
import { CLEAR_ENTRY, READ_ENTRY, place } from '../../src/machine/table-ops.ts'
import { program, programs, type Drive, type Program, type Setup } from '../machine/drive.ts'
import { everyState } from '../machine/every-state.ts'

const setup = { machine: { pages: [0, 2] } } satisfies Setup
const named = program(function* () {}, setup)
const T0 = named.frame('T0')

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
const canFree = (d: Drive): boolean => d.can('rcu T0')

describe('synchronize_rcu', () => {
  const sync: Program = (cpu) => cpu.synchronizeRcu()

  it('returns at once where nobody reads', () => {
    const d = programs([sync], setup)
    expect(d.finish(0)).toBe(2)
  })

  it.each([
    ['interrupts off', offTwice],
    ['rcu_read_lock', lockTwice],
  ])('waits for readers of its beginning and for no later ones: %s', (_how, reader) => {
    const d = programs([sync, reader], setup).go('cpu1', 'cpu0')
    expect(d.can('cpu0')).toBe(false)
    d.go('cpu1', 'cpu1')
    expect(d.can('cpu0')).toBe(true)
  })

  it('waits for every one of several readers', () => {
    const d = programs([sync, offTwice, lockTwice], setup).go('cpu1', 'cpu2', 'cpu0', 'cpu1')
    expect(d.can('cpu0')).toBe(false)
    d.go('cpu2')
    expect(d.can('cpu0')).toBe(true)
  })

  it('does not wait for its own CPU', () => {
    const d = programs(
      [
        function* (cpu) {
          yield* cpu.rcuReadLock()
          yield* sync(cpu)
        },
      ],
      setup,
    ).times(2, 'cpu0')
    expect(d.can('cpu0')).toBe(true)
  })

  it('of two CPUs at once ends for both', () => {
    const d = programs([sync, sync, offTwice], setup).go('cpu2', 'cpu0', 'cpu1')
    expect([d.can('cpu0'), d.can('cpu1')]).toEqual([false, false])
    d.go('cpu2', 'cpu0', 'cpu1')
    expect(d.world.nextNode(0) + d.world.nextNode(1)).toBe(-2)
  })
})

/** Sections of an updater before and after its call. */
const sections = (count: number): ('cli' | 'sti')[] =>
  Array.from({ length: count }, () => ['cli', 'sti'] as const).flat()

describe('in every run of readers and updaters', () => {
  type Action = 'cli' | 'sti' | 'lock' | 'unlock' | 'call' | 'sync'
  const readerSection = fc.constantFrom<Action[]>(
    ['cli', 'sti'],
    ['lock', 'unlock'],
    ['cli', 'lock', 'sti', 'unlock'],
    ['lock', 'cli', 'unlock', 'sti'],
  )
  const thread = fc.array(readerSection, { maxLength: 2 }).map((each) => each.flat())

  /** Runs actions; each is one transition, so that the order of transitions is the order of actions. */
  const acting = (actions: readonly Action[]): Program =>
    function* (cpu) {
      for (const action of actions) {
        if (action === 'cli') yield* cpu.cli()
        if (action === 'sti') yield* cpu.sti()
        if (action === 'lock') yield* cpu.rcuReadLock()
        if (action === 'unlock') yield* cpu.rcuReadUnlock()
        if (action === 'call') yield* cpu.rcuFree(T0)
      }
    }

  it('a table is freed exactly when all readers of its call_rcu have been outside once', () => {
    const updater = fc
      .tuple(fc.nat(2), fc.nat(2))
      .map(([a, b]): Action[] => [...sections(a), 'call', ...sections(b)])
    fc.assert(
      fc.property(updater, thread, thread, fc.infiniteStream(fc.nat()), (first, second, third, picks) => {
        const threads = [first, second, third]
        const d = programs(threads.map(acting), setup)
        const off = new Set<number>()
        const locked = new Set<number>()
        const reads = (v: number): boolean => off.has(v) || locked.has(v)
        let waiting: Set<number> | undefined
        const next = [0, 0, 0]
        for (;;) {
          const able = [0, 1, 2].filter((v) => next[v] < threads[v].length)
          if (able.length === 0) break
          const v = able[picks.next().value! % able.length]
          const action = threads[v][next[v]++]
          d.go(`cpu${v}`)
          if (action === 'cli') off.add(v)
          if (action === 'sti') off.delete(v)
          if (action === 'lock') locked.add(v)
          if (action === 'unlock') locked.delete(v)
          if (action === 'call') waiting = new Set([0, 1, 2].filter(reads))
          for (const each of waiting ?? []) if (!reads(each)) waiting!.delete(each)
          expect(canFree(d)).toBe(waiting?.size === 0)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('a reader never sees a table freed that it had found, in any interleaving; one that is not a reader can', () => {
    const reading = (protectedBy: 'cli' | 'none'): Program =>
      function* (cpu) {
        if (protectedBy === 'cli') yield* cpu.cli()
        yield* perform(READ_ENTRY, named.frame('PMD'), place(2, 0))
        yield* perform(READ_ENTRY, T0, place(1, 0))
        if (protectedBy === 'cli') yield* cpu.sti()
      }
    const violations = (protectedBy: 'cli' | 'none'): number => {
      let count = 0
      // The table is unlinked first, so that nobody finds it later.
      const d = programs(
        [
          function* (cpu) {
            yield* perform(CLEAR_ENTRY, named.frame('PMD'), place(2, 0))
            yield* cpu.rcuFree(T0)
          },
          reading(protectedBy),
        ],
        setup,
      )
      everyState(d, () => {
        const state = d.S.slice()
        for (const t of d.transitions()) {
          d.S.set(state)
          d.world.apply(t)
          count += d.violation === 'software-walk' && state[d.m.held + 1] !== 0 ? 1 : 0
          d.world.clearViolation()
        }
      })
      return count
    }
    expect(violations('cli')).toBe(0)
    expect(violations('none')).toBeGreaterThan(0)
  })
})
