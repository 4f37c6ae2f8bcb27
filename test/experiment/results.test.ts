/** What programs return, and what each CPU did before they began. */
import { expect, it } from 'vitest'
import { experiment } from '../../src/experiment/experiment.ts'
import { MAPPED } from '../../src/machine/entry.ts'
import { variable } from '../../src/machine/word.ts'

it('results are numbers, truths and lists of both, side by side', () => {
  const { outcomes } = experiment({
    cpus: [
      function* () {},
      function* (cpu) {
        return (yield* cpu.read(0)).fault
      },
      function* (cpu) {
        return [yield* cpu.choose(2), true, -5, 2 ** 30]
      },
      function* () {
        return 2 ** 30 + 1
      },
    ],
  })
  expect(outcomes).toEqual([
    [0, 0, 0, 1, -5, 2 ** 30, 2 ** 30 + 1],
    [0, 0, 1, 1, -5, 2 ** 30, 2 ** 30 + 1],
  ])
})

it('a result that is no number is named', () => {
  const half = (): unknown =>
    experiment({
      cpus: [
        function* () {
          return [1, 0.5]
        },
      ],
    })
  expect(half).toThrow('[ 1, 0.5 ] to the step "return". Expected whole numbers.')
})

it('every CPU can have a setup, one after the other', () => {
  const { outcomes } = experiment({
    machine: { spare: 1 },
    words: { x: variable({ max: 3 }) },
    setup: [
      function* (cpu, { x }) {
        yield* cpu.store(x, 2)
      },
      function* (cpu, { x }) {
        yield* cpu.read(0)
        yield* cpu.map(0, cpu.spare())
        yield* cpu.store(x, (yield* cpu.load(x)) + 1)
      },
    ],
    cpus: [
      function* (cpu, { x }) {
        return [yield* cpu.load(x), (yield* cpu.read(0)).frame === cpu.frame(0)]
      },
      function* (cpu) {
        return (yield* cpu.read(0)).frame === cpu.frame(0)
      },
    ],
  })
  expect(outcomes).toEqual([[3, 0, 1]])
})

it('more setups than CPUs are refused', () => {
  const many = (): unknown =>
    experiment({ cpus: [function* () {}], setup: [function* () {}, function* () {}] })
  expect(many).toThrow('setup is "2 programs"; expected at most one for each of 1 CPUs.')
})

it('pages of another address space are mapped by name of the space', () => {
  const { outcomes } = experiment({
    machine: { spaces: 2, spare: 1 },
    cpus: [
      function* (cpu) {
        yield* cpu.map(0, cpu.spare(), MAPPED, 1)
        const here = (yield* cpu.read(0)).frame === cpu.frame(0)
        yield* cpu.loadCr3(1)
        const there = (yield* cpu.read(0)).frame === cpu.spare()
        yield* cpu.unmap(0, 1)
        yield* cpu.invlpg(0)
        return [here, there, (yield* cpu.read(0)).fault]
      },
    ],
  })
  expect(outcomes).toEqual([[1, 1, 1]])
})
