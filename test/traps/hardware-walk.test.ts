/** Walks of the hardware through tables that are unhooked: a table is a table until it is freed. */
import { describe } from 'vitest'
import { A, D, P, RW, US, entry, experiment, variable } from '../../src/experiment/index.ts'
import { nativeIpi } from '../../src/policies/index.ts'
import { flushing, idle, trap } from './trap.ts'

describe('a walk of the hardware', () => {
  trap('may go through a table that is unhooked and not freed yet', {
    run: (worse) =>
      experiment({
        machine: { pages: [0, 1] },
        words: { unhooked: variable() },
        policy: flushing(worse),
        setup: [
          idle,
          function* (cpu) {
            yield* cpu.read(1)
          },
        ],
        cpus: [
          function* (cpu, { unhooked }, kernel) {
            const table = yield* kernel.mm(0).clearEntry(2, 0)
            yield* cpu.store(unhooked, 1)
            yield* kernel.mm(0).flush([0, 1], { freedTables: true })
            yield* kernel.mm(0).freeTable(table)
          },
          function* (cpu, { unhooked }) {
            return [yield* cpu.load(unhooked), (yield* cpu.read(0)).fault]
          },
        ],
      }),
    reached: (_0, unhooked, fault) => unhooked === 1 && fault === 0,
    worse: ['not through one that was freed', 'hardware-walk'],
  })

  trap('may set A and D in a table that is unhooked and not freed yet', {
    run: (worse) =>
      experiment({
        policy: nativeIpi,
        setup: [
          function* (cpu) {
            yield* cpu.setEntry(1, 0, entry(cpu.frame(0), P | RW | US))
          },
          idle,
        ],
        cpus: [
          function* (cpu, _words, kernel) {
            const mm = kernel.mm(0)
            const table = yield* mm.clearEntry(2, 0)
            const before = (yield* cpu.readEntry(1, 0)) & (A | D)
            if (worse) yield* mm.freeTable(table)
            yield* mm.flush([0], { freedTables: true })
            if (worse) return 0
            const after = (yield* cpu.readEntry(1, 0)) & (A | D)
            yield* mm.freeTable(table)
            return [before === 0, after === (A | D)]
          },
          function* (cpu) {
            yield* cpu.write(0)
          },
        ],
      }),
    reached: (clear, set) => clear + set === 2,
    worse: ['not in one that was freed', 'hardware-walk'],
  })

  trap('may be begun by nobody in an empty table, which stays cached until the flush behind the unhooking', {
    run: (worse) =>
      experiment({
        machine: { vcpus: 2, speculation: 1 },
        policy: nativeIpi,
        cpus: [
          function* (cpu, _words, kernel) {
            const mm = kernel.mm(0)
            yield* mm.clearEntry(1, 0)
            yield* cpu.clearFlags(2, 0, A)
            yield* mm.flush([0])
            const walked = ((yield* cpu.readEntry(2, 0)) & A) !== 0
            const table = yield* mm.clearEntry(2, 0)
            if (!worse) yield* mm.flush([0], { freedTables: true })
            yield* mm.freeTable(table)
            return [walked, (yield* cpu.read(0)).fault]
          },
        ],
      }),
    reached: (walked, fault) => walked + fault === 2,
    worse: ['a flush before it is not enough', 'hardware-walk'],
  })
})
