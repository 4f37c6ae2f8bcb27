import { describe, expect, it } from 'vitest'
import { perform } from '../../src/engine/step.ts'
import { A, D, P, RW, US, entry } from '../../src/machine/entry.ts'
import { DIRTY } from '../../src/machine/frame-word.ts'
import {
  CLEAR_ENTRY,
  FIND_TABLE,
  FORGET_TABLES,
  IS_EMPTY,
  IS_FULL,
  READ_ENTRY,
  REVOKE_ENTRY,
  SAME_ENTRY,
  SET_ENTRY,
  place,
} from '../../src/machine/table-ops.ts'
import { program, programs, type Drive, type Program, type Setup } from './drive.ts'

const setup: Setup = { machine: { levels: 3, pages: [2, 3], vcpus: 2 } }
const named = program(function* () {}, setup)
const [PUD, PMD, T1, P2] = ['PUD', 'PMD', 'T1', 'P2'].map((name) => named.frame(name))

const run = (code: Program, prepare: (d: Drive) => void = () => {}): Drive => {
  const d = program(code, setup)
  prepare(d)
  d.finish(0)
  return d
}
const results = (d: Drive): number[] => d.seen.map(({ result }) => result)

describe('finding a table', () => {
  it('follows memory from the root', () => {
    const d = run(function* () {
      for (const level of [3, 2, 1]) yield* perform(FIND_TABLE, 0, place(level, 2))
    })
    expect(results(d)).toEqual([PUD, PMD, T1])
  })

  it('finds none below a hole', () => {
    const d = run(
      function* () {
        for (const level of [3, 2, 1]) yield* perform(FIND_TABLE, 0, place(level, 2))
      },
      (d) => (d.S[d.entryAt(2, 2)] = 0),
    )
    expect(results(d)).toEqual([PUD, PMD, 0])
  })
})

describe('clearing an entry', () => {
  it('gives the frame that was mapped, once', () => {
    const d = run(function* () {
      yield* perform(CLEAR_ENTRY, T1, place(1, 2))
      yield* perform(CLEAR_ENTRY, T1, place(1, 2))
    })
    expect(results(d)).toEqual([P2, 0])
    expect(d.entry(1, 2)).toBe(0)
    expect(d.entry(1, 3)).not.toBe(0)
  })

  it('hands the D flag to the page, and only if it is set', () => {
    const clear: Program = function* () {
      yield* perform(CLEAR_ENTRY, T1, place(1, 2))
    }
    expect(run(clear).frameBits('P2', DIRTY)).toBe(0)
    expect(run(clear, (d) => (d.S[d.entryAt(1, 2)] |= D)).frameBits('P2', DIRTY)).toBe(DIRTY)
  })
})

describe('changing an entry', () => {
  it('stores a whole word', () => {
    const word = entry(P2, P | US | A)
    expect(run(() => perform(SET_ENTRY, T1, place(1, 3), word)).entry(1, 3)).toBe(word)
  })

  it('takes away flags and says whether they were there; all others stay', () => {
    const d = run(
      function* () {
        yield* perform(REVOKE_ENTRY, T1, place(1, 2), RW)
        yield* perform(REVOKE_ENTRY, T1, place(1, 2), RW)
      },
      (d) => (d.S[d.entryAt(1, 2)] |= D),
    )
    expect(results(d)).toEqual([1, 0])
    expect(d.entry(1, 2)).toBe(entry(P2, P | US | A | D))
  })

  it('is seen by a comparison, D included', () => {
    const word = named.entry(1, 2)
    const compare: Program = () => perform(SAME_ENTRY, T1, place(1, 2), word)
    expect(results(run(compare))).toEqual([1])
    expect(results(run(compare, (d) => (d.S[d.entryAt(1, 2)] |= D)))).toEqual([0])
    expect(results(run(compare, (d) => (d.S[d.entryAt(1, 2)] = 0)))).toEqual([0])
  })
})

describe('a table as a whole', () => {
  const looks = (prepare: (d: Drive) => void): number[] =>
    results(
      run(function* (cpu) {
        // What is joined to the step before it needs one.
        yield* cpu.sti()
        yield* perform(IS_EMPTY, T1)
        yield* perform(IS_FULL, T1)
      }, prepare),
    ).slice(1)

  it('is empty without a present entry, and full with nothing but present ones', () => {
    expect(looks(() => {})).toEqual([0, 1])
    expect(looks((d) => (d.S[d.entryAt(1, 2)] = 0))).toEqual([0, 0])
    expect(looks((d) => (d.S[d.entryAt(1, 2)] = d.S[d.entryAt(1, 3)] = 0))).toEqual([1, 0])
    // What is not present counts as empty whatever else its word says.
    expect(looks((d) => (d.S[d.entryAt(1, 2)] = d.S[d.entryAt(1, 3)] = RW | A))).toEqual([1, 0])
  })
})

describe('a software walk', () => {
  const walk: Program = function* () {
    yield* perform(READ_ENTRY, PUD, place(3, 2))
    yield* perform(READ_ENTRY, PMD, place(2, 2))
    yield* perform(READ_ENTRY, T1, place(1, 2))
  }

  it('reads what memory holds', () => {
    const d = run(walk)
    expect(results(d)).toEqual([3, 2, 1].map((level) => d.entry(level, 2)))
    expect(d.violation).toBeUndefined()
  })

  it('sets no A flag: it is not hardware', () => {
    const wash = (d: Drive): void => {
      for (const level of [3, 2, 1]) d.S[d.entryAt(level, 2)] &= ~A
    }
    const d = run(walk, wash)
    for (const level of [3, 2, 1]) expect(d.entry(level, 2) & A).toBe(0)
  })

  it('may read a table that is unhooked, but not one that is freed', () => {
    const interrupted = (...free: Program[]): Drive => {
      const d = programs(
        [
          walk,
          function* (cpu) {
            yield* perform(CLEAR_ENTRY, PMD, place(2, 2))
            for (const each of free) yield* each(cpu)
          },
        ],
        setup,
      )
      d.times(2, 'cpu0')
      d.finish(1)
      return d.go('cpu0')
    }
    expect(interrupted().violation).toBeUndefined()
    expect(interrupted((cpu) => cpu.freeTableNow(T1)).violation).toBe('software-walk')
  })

  it('may not read a table that was freed and is a table again, but may when it was led there anew', () => {
    const again = (forget: boolean): Drive => {
      const d = programs(
        [
          function* (cpu) {
            yield* perform(READ_ENTRY, PMD, place(2, 2))
            if (forget) {
              yield* perform(FORGET_TABLES)
              yield* perform(READ_ENTRY, PMD, place(2, 2))
            } else yield* cpu.sti()
            yield* perform(READ_ENTRY, T1, place(1, 2))
          },
          (cpu) => cpu.freeTableNow(T1),
        ],
        setup,
      )
      d.go('cpu0', 'cpu1')
      d.S[d.m.frame + T1] = d.S[d.m.frame + PMD]
      d.finish(0)
      return d
    }
    expect(again(false).violation).toBe('software-walk')
    expect(again(true).violation).toBeUndefined()
  })

  it('is noticed inside a table that is unhooked, if its interrupts are off', () => {
    const inside = (off: boolean): Drive =>
      programs(
        [
          function* (cpu) {
            if (off) yield* cpu.cli()
            else yield* cpu.sti()
            yield* walk(cpu)
          },
          () => perform(CLEAR_ENTRY, PMD, place(2, 2)),
        ],
        setup,
      ).go('cpu0', 'cpu0', 'cpu0', 'cpu1')
    expect(inside(true).world.witnessed).toContain('walker-inside')
    expect(inside(false).world.witnessed).not.toContain('walker-inside')
  })
})
