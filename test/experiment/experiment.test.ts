/** Experiments: all executions of a few lines on each CPU, and what can come of them. */
import { expect, it } from 'vitest'
import { experiment } from '../../src/experiment/experiment.ts'
import type { Breakage } from '../../src/experiment/options.ts'
import { INVLPG } from '../../src/machine/invalidate.ts'
import { perCpu, variable } from '../../src/machine/word.ts'

it('lists every outcome of a program, and nothing else', () => {
  const { outcomes, states, deadlocks } = experiment({
    words: { x: variable(), y: variable() },
    cpus: [
      function* (cpu, { x, y }) {
        yield* cpu.store(x, 1)
        return yield* cpu.load(y)
      },
      function* (cpu, { x, y }) {
        yield* cpu.store(y, 1)
        return yield* cpu.load(x)
      },
    ],
  })
  expect(outcomes).toEqual([
    [0, 1],
    [1, 0],
    [1, 1],
  ])
  expect(states).toBe(13)
  expect(deadlocks).toEqual([])
})

it('observes memory at the end, and begins with what the setup left there', () => {
  const { outcomes } = experiment({
    words: { mine: perCpu({ max: 3 }) },
    *setup(cpu, { mine }) {
      yield* cpu.store(mine[1], 3)
    },
    cpus: [
      function* (cpu, { mine }) {
        yield* cpu.store(mine[0], yield* cpu.load(mine[1]))
      },
      function* () {},
    ],
    observe: (read, { mine }) => mine.map(read),
  })
  expect(outcomes).toEqual([[0, 0, 3, 3]])
})

it('says how executions get stuck and which invariants they violate, and goes on behind both', () => {
  const { outcomes, deadlocks, violations } = experiment({
    words: { x: variable() },
    cpus: [
      function* (cpu, { x }) {
        yield* cpu.until(x, 1)
        return 7
      },
      function* (cpu, { x }, kernel) {
        yield* kernel.freeTableNow(1)
        if ((yield* cpu.choose(2)) === 1) yield* cpu.store(x, 1)
        yield* cpu.read(0)
      },
    ],
  })
  expect(outcomes).toEqual([[7, 0]])
  expect(deadlocks).toEqual(['deadlock; CPU0: wait until x = 1'])
  expect([...violations.keys()]).toEqual(['hardware-walk'])
})

it('refuses a setup that waits for others, and more programs than CPUs', () => {
  const stuck = () =>
    experiment({
      words: { x: variable() },
      *setup(cpu, { x }) {
        yield* cpu.until(x, 1)
      },
      cpus: [function* () {}],
    })
  expect(stuck).toThrow('setup waits for somebody else, but it runs alone')
  expect(() => experiment({ machine: { vcpus: 1 }, cpus: [function* () {}, function* () {}] })).toThrow(
    'machine.vcpus is 1; expected at least the 2 CPUs that have programs.',
  )
})

it('runs on a machine that breaks a rule, from its setup on', () => {
  const moved = (breakage?: Breakage) =>
    experiment({
      machine: { spare: 1 },
      *setup(cpu) {
        yield* cpu.read(0)
        yield* cpu.invlpg(0)
      },
      cpus: [
        function* (cpu) {
          yield* cpu.map(0, cpu.spare())
          return (yield* cpu.read(0)).frame === cpu.frame(0)
        },
      ],
      breakage,
    }).outcomes
  expect(moved()).toEqual([[0]])
  expect(moved(({ machine }) => (machine.execute[INVLPG.code] = () => 0))).toEqual([[1]])
})
