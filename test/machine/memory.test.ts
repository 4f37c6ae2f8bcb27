import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ShootdownError } from '../../src/errors.ts'
import { perCpu, variable } from '../../src/machine/word.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { program, programs, type Drive, type Program } from './drive.ts'

const words = definePolicy({
  name: 'words',
  summary: 'Has words of its own, and does not flush',
  shared: { x: variable({ max: 200 }), y: variable({ max: 5, initial: 4 }), own: perCpu({ max: 3 }) },
  *flush() {},
})
const run = (code: Program): Drive => {
  const d = program(code, { policy: words })
  d.finish(0)
  return d
}
const results = (d: Drive): number[] => d.seen.map(({ result }) => result)

describe('a word of memory', () => {
  it('starts as it is declared', () => {
    const d = programs([function* () {}, function* () {}], { policy: words })
    expect([d.words('x'), d.words('y'), d.words('own')]).toEqual([[0], [4], [0, 0]])
  })

  it('gives back what was stored', () => {
    const d = run(function* (cpu) {
      yield* cpu.store(cpu.shared.x.of(), 77)
      yield* cpu.load(cpu.shared.x.of())
    })
    expect(results(d)).toEqual([0, 77])
  })

  it('gives the old value to whoever changes it', () => {
    const d = run(function* (cpu) {
      const y = cpu.shared.y.of()
      yield* cpu.xchg(y, 3)
      yield* cpu.fetchOr(y, 1)
      yield* cpu.fetchAnd(y, 5)
      yield* cpu.fetchAdd(y, -1)
      yield* cpu.load(y)
    })
    expect(results(d)).toEqual([4, 3, 3, 1, 0])
  })

  it('is exchanged by compare-and-exchange only if it is as expected', () => {
    const d = run(function* (cpu) {
      yield* cpu.cmpxchg(cpu.shared.y.of(), 1, 2)
      yield* cpu.cmpxchg(cpu.shared.y.of(), 4, 2)
      yield* cpu.load(cpu.shared.y.of())
    })
    expect(results(d)).toEqual([4, 4, 2])
  })

  it('is one a CPU if it is declared so', () => {
    const d = programs(
      [0, 1, 2].map(
        (value): Program =>
          function* (cpu) {
            yield* cpu.store(cpu.shared.own.of(cpu.id), value)
          },
      ),
      { policy: words },
    )
    for (const cpu of [0, 1, 2]) d.finish(cpu)
    expect(d.words('own')).toEqual([0, 1, 2])
  })

  it('is seen by other CPUs at once', () => {
    const d = programs([(cpu) => cpu.store(cpu.shared.x.of(), 9), (cpu) => cpu.load(cpu.shared.x.of())], {
      policy: words,
    })
    d.go('cpu0', 'cpu1')
    expect(d.seen.at(-1)).toMatchObject({ cpu: 1, result: 9 })
  })

  it('refuses what it was not declared to hold, and says what to do', () => {
    const tooLarge: Program[] = [
      (cpu) => cpu.store(cpu.shared.y.of(), 6),
      (cpu) => cpu.store(cpu.shared.y.of(), -1),
      (cpu) => cpu.xchg(cpu.shared.y.of(), 6),
      (cpu) => cpu.fetchAdd(cpu.shared.y.of(), 2),
      (cpu) => cpu.fetchAdd(cpu.shared.y.of(), -5),
      (cpu) => cpu.fetchOr(cpu.shared.y.of(), 8),
      (cpu) => cpu.cmpxchg(cpu.shared.y.of(), 4, 6),
    ]
    for (const code of tooLarge) {
      expect(() => run(code)).toThrow(ShootdownError)
      expect(() => run(code)).toThrow(
        /"y" was set to -?\d+; it was declared to hold 0 to 5. Declare a larger `max`/,
      )
    }
    // A compare-and-exchange that fails stores nothing, so there is nothing to refuse.
    expect(() => run((cpu) => cpu.cmpxchg(cpu.shared.y.of(), 1, 6))).not.toThrow()
  })

  it('behaves like a variable under any sequence of operations', () => {
    const operation = fc.record({
      op: fc.constantFrom('store', 'xchg', 'cas', 'or', 'and', 'add'),
      a: fc.nat(127),
      b: fc.nat(127),
    })
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 20 }), (operations) => {
        let model = 0
        const expected: number[] = []
        const old = (next: number): void => {
          expected.push(model)
          model = next & 127
        }
        for (const { op, a, b } of operations) {
          if (op === 'store') [model] = [a, expected.push(0)]
          if (op === 'xchg') old(a)
          if (op === 'cas') old(model === a ? b : model)
          if (op === 'or') old(model | a)
          if (op === 'and') old(model & a)
          if (op === 'add') old(Math.min(model + a, 127))
        }
        let at = 0
        const d = run(function* (cpu) {
          const x = cpu.shared.x.of()
          let now = 0
          for (const { op, a, b } of operations) {
            if (op === 'store') yield* cpu.store(x, (now = a))
            if (op === 'xchg') [now] = [a, yield* cpu.xchg(x, a)]
            if (op === 'cas') now = (yield* cpu.cmpxchg(x, a, b)) === a ? b : now
            if (op === 'or') now = (yield* cpu.fetchOr(x, a)) | a
            if (op === 'and') now = (yield* cpu.fetchAnd(x, a)) & a
            if (op === 'add') now += Math.min(a, 127 - (yield* cpu.fetchAdd(x, Math.min(a, 127 - now))))
          }
          yield* cpu.load(x)
        })
        for (const { result } of d.seen.slice(0, -1)) expect(result).toBe(expected[at++])
        expect(d.seen.at(-1)!.result).toBe(model)
      }),
      { numRuns: 100 },
    )
  })
})
