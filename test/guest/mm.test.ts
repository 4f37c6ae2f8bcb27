/** The handle that own operations change an address space with: what it finds, changes, refuses and flushes. */
import { expect, it } from 'vitest'
import { P, RW, US, entry, experiment, frameOf, type Program } from '../../src/experiment/index.ts'
import { nativeIpi } from '../../src/policies/native-ipi.ts'

type Bare = Program<Record<string, never>>

/** What a program comes to that nobody disturbs. */
const alone = (program: Bare): number => {
  const { outcomes } = experiment({ machine: { pages: [0, 2, 3] }, cpus: [program] })
  expect(outcomes).toHaveLength(1)
  return outcomes[0][0]
}

/** Bits of a number, the first condition lowest. */
const bits = (...conditions: boolean[]): number => conditions.reduce((n, c, i) => n | (c ? 1 << i : 0), 0)

it('entries are found by level and page, and cleared once', () => {
  const outcome = alone(function* (cpu, _words, kernel) {
    const mm = kernel.mm(0)
    const table = yield* mm.findTable(1, 2)
    const word = yield* mm.readEntry(1, 3)
    const first = yield* mm.clearEntry(1, 2)
    const again = yield* mm.clearEntry(1, 2)
    return bits(
      table === cpu.table(1, 2),
      frameOf(word) === cpu.frame(3),
      first === cpu.frame(2),
      again === 0,
    )
  })
  expect(outcome).toBe(0b1111)
})

it('a table is empty once its last entry is cleared, and found no more once it is unhooked', () => {
  const outcome = alone(function* (cpu, _words, kernel) {
    const mm = kernel.mm(0)
    yield* mm.clearEntry(1, 2)
    const before = yield* mm.isEmpty(cpu.table(1, 2))
    yield* mm.clearEntry(1, 3)
    const after = yield* mm.isEmpty(cpu.table(1, 2))
    const unhooked = yield* mm.clearEntry(2, 2)
    const found = yield* mm.findTable(1, 2)
    const word = yield* mm.readEntry(1, 2)
    const stored = yield* mm.setEntry(1, 2, entry(cpu.frame(2), P))
    return bits(!before, after, unhooked === cpu.table(1, 2), found === 0, word === 0, !stored)
  })
  expect(outcome).toBe(0b111111)
})

it('an entry that is stored is what accesses use, and flags that are cleared are missing', () => {
  const outcome = alone(function* (cpu, _words, kernel) {
    const mm = kernel.mm(0)
    yield* mm.setEntry(1, 2, entry(cpu.frame(3), P | RW | US))
    const { frame } = yield* cpu.read(2)
    const first = yield* mm.clearFlags(1, 2, RW)
    const again = yield* mm.clearFlags(1, 2, RW)
    yield* cpu.invlpg(2)
    const { fault } = yield* cpu.write(2)
    return bits(frame === cpu.frame(3), first, !again, fault)
  })
  expect(outcome).toBe(0b1111)
})

it('the last reference gives a page back, and a page that was given back has none to take', () => {
  const outcome = alone(function* (cpu, _words, kernel) {
    const mm = kernel.mm(0)
    const frame = cpu.frame(0)
    const taken = yield* mm.tryGet(frame)
    yield* mm.put(frame)
    const still = yield* mm.tryGet(frame)
    yield* mm.put(frame)
    yield* mm.put(frame)
    return bits(taken, still, !(yield* mm.tryGet(frame)), yield* mm.allocate(frame), mm.region(3)[0] === 2)
  })
  expect(outcome).toBe(0b11111)
})

it('a flush runs the policy on every CPU: afterwards nobody uses what the tables said before', () => {
  const unmap = (flushes: boolean): Bare =>
    function* (_cpu, _words, kernel) {
      const mm = kernel.mm(0)
      const frame = yield* mm.clearEntry(1, 0)
      if (flushes) yield* mm.flush([0])
      yield* mm.put(frame)
    }
  const reader: Bare = function* (cpu) {
    yield* cpu.read(0)
    yield* cpu.read(0)
  }
  const broken = (flushes: boolean): string[] => [
    ...experiment({ policy: nativeIpi, cpus: [unmap(flushes), reader] }).violations.keys(),
  ]
  expect(broken(true)).toEqual([])
  expect(broken(false)).toEqual(['frame-lifetime'])
})

it('a space or a page that the machine does not have is refused', () => {
  const refused = (program: Bare) => (): number => alone(program)
  expect(
    refused(function* (_cpu, _words, kernel) {
      yield* kernel.mm(1).lock()
    }),
  ).toThrow('space of mm is 1; expected 0 to 0')
  expect(
    refused(function* (_cpu, _words, kernel) {
      yield* kernel.mm(0).flush([1])
    }),
  ).toThrow('page of flush is 1; expected one of 0, 2, 3')
})
