/** Facts about the address that INVLPG is given: which one it is, which it may be, and what its refill shows. */
import { A, D } from '../../src/machine/entry.ts'
import type { X86 } from '../../src/machine/x86.ts'
import type { Code } from '../../src/engine/step.ts'
import { fact, no, nowhere, readsOld, restless, yes } from './fact.ts'

/** Pages 1 and 2 were written, then their A and D cleared; INVLPG of page 1, or none; then both are written again. */
const refilled = {
  machine: { pages: [1, 2] },
  *setup(cpu: X86): Code {
    for (const page of [1, 2]) {
      yield* cpu.write(page)
      yield* cpu.clearFlags(1, page, A | D)
    }
  },
  cpus: [
    function* (cpu: X86): Code<boolean[]> {
      const flushed = yield* cpu.choose(2)
      if (flushed) yield* cpu.invlpg(1)
      for (const page of [1, 2]) yield* cpu.write(page)
      const marked = [flushed === 1]
      for (const page of [1, 2]) marked.push(((yield* cpu.readEntry(1, page)) & (A | D)) === (A | D))
      return marked
    },
  ],
}

export const addressing = [
  fact(43, 'INVLPG of an address that is not canonical faults, as a read does', no, {
    cpus: [
      function* (cpu) {
        return [yield* cpu.invlpg(nowhere), (yield* cpu.read(nowhere)).gp]
      },
    ],
    reached: (done) => done === 0,
    sometimes: (done, gp) => done === 1 && gp === 1,
  }),

  fact(44, 'INVLPG of an address that is not mapped faults, as a read does', no, {
    *setup(cpu) {
      yield* cpu.unmap(0)
    },
    cpus: [
      function* (cpu) {
        return [yield* cpu.invlpg(0), (yield* cpu.read(0)).fault]
      },
    ],
    reached: (done) => done === 0,
    sometimes: (done, fault) => done === 1 && fault === 1,
  }),

  fact(45, 'INVLPG beyond the limit of a segment faults, as a read does', no, {
    machine: { pages: [0, 1] },
    cpus: [
      function* (cpu) {
        return [yield* cpu.invlpg(1, { limit: 0 }), (yield* cpu.read(1, { limit: 0 })).gp]
      },
    ],
    reached: (done) => done === 0,
    sometimes: (done, gp) => done === 1 && gp === 1,
  }),

  fact(46, 'INVLPG adds the base of its segment: the page there goes, the one at the offset stays', yes, {
    machine: { pages: [1, 2], spare: 1 },
    *setup(cpu) {
      yield* cpu.read(1)
      yield* cpu.read(2)
    },
    cpus: [
      function* (cpu) {
        yield* cpu.map(1, cpu.spare())
        yield* cpu.map(2, cpu.spare())
        yield* cpu.invlpg(1, { base: 1 })
        return [yield* readsOld(cpu, 1), yield* readsOld(cpu, 2)]
      },
    ],
    reached: (offset, linear) => offset === 1 && linear === 0,
  }),

  fact(47, 'after INVLPG of a page a write to it sets A and D again', yes, {
    ...refilled,
    reached: (flushed, own) => flushed === 1 && own === 1,
  }),
  fact(48, 'while those of the page beside it stay clear', yes, {
    ...refilled,
    reached: (flushed, own, other) => flushed === 1 && own === 1 && other === 0,
  }),
  fact(49, 'after INVLPG of a page a write to it leaves A or D clear', no, {
    ...refilled,
    machine: { ...refilled.machine, ...restless },
    reached: (flushed, own) => flushed === 1 && own === 0,
    sometimes: (flushed, own) => flushed === 0 && own === 0,
  }),
]
