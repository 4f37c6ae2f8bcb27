/** Promises of the kernel model that do not hold yet; each is reported with what happens and what should. */
import { describe, expect, it } from 'vitest'
import { RW } from '../../src/machine/entry.ts'
import { translationNow } from '../../src/machine/translation.ts'
import { operations, program, programs, type Drive, type Program, type Setup } from '../machine/drive.ts'

const setup = { machine: { pages: [0, 2] } } satisfies Setup
const T0 = program(function* () {}, setup).frame('T0')

describe('a table that was handed to RCU', () => {
  const freed = (second: Program): Drive => {
    const d = program(function* (cpu) {
      yield* cpu.cli()
      yield* cpu.rcuFree(T0)
      yield* second(cpu)
    }, setup)
    d.finish(0)
    return d
  }

  it('is given back already: handing it over once more frees it twice', () => {
    expect(freed((cpu) => cpu.rcuFree(T0)).violation).toBe('free-once')
  })

  it('is given back already: freeing it at once as well frees it twice', () => {
    expect(freed((cpu) => cpu.freeTableNow(T0)).violation).toBe('free-once')
  })
})

describe('rcu_read_lock', () => {
  it('nests: the section ends with the outermost unlock', () => {
    const nested: Program = function* (cpu) {
      yield* cpu.rcuReadLock()
      yield* cpu.rcuReadLock()
      yield* cpu.rcuReadUnlock()
      yield* cpu.rcuReadUnlock()
    }
    const d = programs([(cpu) => cpu.rcuFree(T0), nested], setup)
    d.times(2, 'cpu1').go('cpu0', 'cpu1')
    expect(d.can('rcu T0')).toBe(false)
    d.go('cpu1')
    expect(d.can('rcu T0')).toBe(true)
  })
})

describe('a collapse', () => {
  // khugepaged collapses what one mapping covers; pages of different protection are not of one mapping.
  it('does not make a write-protected page writable again', () => {
    const d = operations(
      [
        [
          { op: 'mprotect', page: 2 },
          { op: 'collapse', page: 2 },
        ],
      ],
      { machine: { pages: [2, 3] } },
    )
    d.finish(0)
    expect(translationNow(d.m, 0, 2) & RW).toBe(0)
  })
})
