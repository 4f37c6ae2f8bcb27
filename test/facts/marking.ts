/** Facts about A and D: who sets them, where, and when not. */
import { A, D, MAPPED, PS, RW, entry } from '../../src/machine/entry.ts'
import type { X86 } from '../../src/machine/x86.ts'
import type { Code } from '../../src/engine/step.ts'
import { fact, no, restless, yes } from './fact.ts'

/** A walk that faults in the PTE: is A of the PMD's entry set? */
const refused = {
  machine: { lateAccessed: true },
  *setup(cpu: X86): Code {
    yield* cpu.clearFlags(2, 0, A)
    yield* cpu.unmap(0)
  },
  cpus: [
    function* (cpu: X86): Code<boolean[]> {
      const { fault } = yield* cpu.read(0)
      return [fault, ((yield* cpu.readEntry(2, 0)) & A) !== 0]
    },
  ],
}

export const marking = [
  fact(94, 'a write that R/W forbids sets A in the PTE', no, {
    *setup(cpu) {
      yield* cpu.clearFlags(1, 0, A | RW)
    },
    cpus: [
      function* (cpu) {
        const write = yield* cpu.choose(2)
        const { fault } = yield* write ? cpu.write(0) : cpu.read(0)
        return [fault, ((yield* cpu.readEntry(1, 0)) & A) !== 0]
      },
    ],
    reached: (fault, accessed) => fault === 1 && accessed === 1,
    sometimes: (fault, accessed) => fault === 0 && accessed === 1,
  }),
  fact(95, 'a read sets D in the PTE', no, {
    machine: restless,
    cpus: [
      function* (cpu) {
        const write = yield* cpu.choose(2)
        yield* write ? cpu.write(0) : cpu.read(0)
        return [write, (yield* cpu.readEntry(1, 0)) & D]
      },
    ],
    reached: (write, dirty) => write === 0 && dirty !== 0,
    sometimes: (write, dirty) => write === 1 && dirty !== 0,
  }),
  fact(96, 'a write leaves D clear that was cleared and flushed before the page was cached again', no, {
    machine: restless,
    *setup(cpu) {
      yield* cpu.write(0)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.clearFlags(1, 0, D)
        const flushed = yield* cpu.choose(2)
        if (flushed) yield* cpu.invlpg(0)
        yield* cpu.read(0)
        yield* cpu.write(0)
        return [flushed, (yield* cpu.readEntry(1, 0)) & D]
      },
    ],
    reached: (flushed, dirty) => flushed === 1 && dirty === 0,
    sometimes: (flushed, dirty) => flushed === 0 && dirty === 0,
  }),
  fact(97, 'D is set above the PTE', no, {
    machine: { levels: 4, speculativeDirty: true, ...restless },
    cpus: [
      function* (cpu) {
        yield* cpu.write(0)
        let upper = 0
        for (const level of [2, 3, 4]) upper |= (yield* cpu.readEntry(level, 0)) & D
        return [upper, (yield* cpu.readEntry(1, 0)) & D]
      },
    ],
    reached: (upper) => upper !== 0,
    sometimes: (upper, leaf) => upper === 0 && leaf !== 0,
  }),
  fact(98, 'a walk that faults in the PTE sets A above it', yes, {
    ...refused,
    reached: (fault, accessed) => fault === 1 && accessed === 1,
  }),
  fact(99, 'a walk that faults in the PTE leaves A above it clear', yes, {
    ...refused,
    reached: (fault, accessed) => fault === 1 && accessed === 0,
  }),
  fact(108, 'a write through one of two entries of a large page sets D in the other', no, {
    machine: { pages: [0, 2], spare: 1, speculation: 1, eviction: true },
    *setup(cpu) {
      for (const page of [0, 2]) yield* cpu.setEntry(2, page, entry(cpu.spare(), MAPPED | PS))
    },
    cpus: [
      function* (cpu) {
        yield* cpu.read(0)
        yield* cpu.write(2)
        return [(yield* cpu.readEntry(2, 0)) & D, (yield* cpu.readEntry(2, 2)) & D]
      },
    ],
    reached: (first) => first !== 0,
    sometimes: (first, second) => first === 0 && second !== 0,
  }),
]
