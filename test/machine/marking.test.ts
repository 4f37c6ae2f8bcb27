/** A and D on the way of a walk, and what faults and speculation leave: rules that only features bring out. */
import { expect, it } from 'vitest'
import { experiment } from '../../src/experiment/experiment.ts'
import { A, MAPPED, PS, RW, US, entry } from '../../src/machine/entry.ts'

it('a walk that ends well has set A on all levels, although one that faults may not have', () => {
  const { outcomes } = experiment({
    machine: { levels: 3, lateAccessed: true },
    *setup(cpu) {
      for (const level of [2, 3]) yield* cpu.clearFlags(level, 0, A)
    },
    cpus: [
      function* (cpu) {
        const mapped = yield* cpu.choose(2)
        if (!mapped) yield* cpu.unmap(0)
        yield* cpu.read(0)
        return [mapped, (yield* cpu.readEntry(3, 0)) & A, (yield* cpu.readEntry(2, 0)) & A]
      },
    ],
  })
  expect(outcomes).toEqual([
    [0, 0, 0],
    [0, A, 0],
    [0, A, A],
    [1, A, A],
  ])
})

it('which of two hits an access uses does not decide what the walk behind it leaves clear', () => {
  const { outcomes } = experiment({
    machine: { spare: 1, multihit: true, structureCaches: false, speculation: 1 },
    *setup(cpu) {
      yield* cpu.setEntry(2, 0, entry(cpu.spare(), MAPPED | PS))
      yield* cpu.read(0)
      yield* cpu.setEntry(2, 0, entry(cpu.table(1, 0), MAPPED))
    },
    cpus: [
      function* (cpu) {
        yield* cpu.clearFlags(2, 0, A)
        yield* cpu.unmap(0)
        return [(yield* cpu.write(0)).fault, (yield* cpu.readEntry(2, 0)) & A]
      },
    ],
  })
  expect(outcomes).toEqual([[1, A]])
})

it('rights that became larger in an upper entry cost one fault in a row at most, speculation or not', () => {
  const { outcomes } = experiment({
    machine: { levels: 3, speculation: 1, eviction: true },
    *setup(cpu) {
      yield* cpu.clearFlags(2, 0, RW)
      yield* cpu.read(0)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.setFlags(2, 0, RW)
        return [(yield* cpu.write(0)).fault, (yield* cpu.write(0)).fault]
      },
    ],
  })
  expect(outcomes).toEqual([
    [0, 0],
    [0, 1],
    [1, 0],
  ])
})

it('speculation caches a page that user code may not use: rights are judged when it is used', () => {
  const { outcomes } = experiment({
    machine: { protection: true, spare: 1, speculation: 1 },
    *setup(cpu) {
      yield* cpu.clearFlags(1, 0, US)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.map(0, cpu.spare(), MAPPED & ~US)
        const { frame } = yield* cpu.read(0, { supervisor: true })
        return [frame === cpu.frame(0), (yield* cpu.read(0)).fault]
      },
    ],
  })
  expect(outcomes).toEqual([
    [0, 1],
    [1, 1],
  ])
})
