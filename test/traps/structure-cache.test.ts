/** Cached ways to tables that are old, or freed: what may follow from them, and what stays without a use. */
import { describe } from 'vitest'
import { MAPPED, entry, experiment, variable } from '../../src/experiment/index.ts'
import { nativeIpi } from '../../src/policies/index.ts'
import { flushing, idle, trap } from './trap.ts'

describe('an upper-level entry', () => {
  trap('may find nothing in an old table although the new one has the page: the next walk finds it', {
    run: (worse) =>
      experiment({
        machine: { pages: [0, 1, 2] },
        words: { done: variable() },
        setup: [
          function* (cpu) {
            yield* cpu.unmap(0)
          },
          function* (cpu) {
            yield* cpu.read(1)
          },
        ],
        cpus: [
          function* (cpu, { done }, kernel) {
            yield* cpu.setEntry(2, 0, entry(cpu.table(1, 2), MAPPED))
            if (worse) yield* kernel.freeTableNow(cpu.table(1, 0))
            yield* cpu.store(done, 1)
          },
          function* (cpu, { done }) {
            yield* cpu.until(done, 1)
            const { fault } = yield* cpu.read(0)
            return [fault, (yield* cpu.read(0)).frame === cpu.frame(2)]
          },
        ],
      }),
    reached: (_0, fault, found) => fault + found === 2,
    never: (_0, _fault, found) => found === 0,
    worse: ['the old table must not be freed meanwhile', 'hardware-walk'],
  })

  trap('that finds nothing leaves nothing: mapping a page needs no flush', {
    run: (worse) =>
      experiment({
        machine: { spare: 1, speculation: 1 },
        words: { done: variable() },
        policy: flushing(true),
        setup: [
          function* (cpu) {
            if (!worse) yield* cpu.unmap(0)
          },
          function* (cpu) {
            yield* cpu.read(0)
          },
        ],
        cpus: [
          function* (cpu, { done }, kernel) {
            yield* cpu.map(0, cpu.spare())
            yield* kernel.mm(0).flush([0])
            yield* cpu.store(done, 1)
          },
          function* (cpu, { done }) {
            const { fault } = yield* cpu.read(0)
            yield* cpu.until(done, 1)
            return [fault, (yield* cpu.read(0)).frame === cpu.spare()]
          },
        ],
      }),
    reached: (_0, fault, found) => fault + found === 2,
    never: (_0, _fault, found) => found === 0,
    worse: ['mapping it elsewhere does', 'stale-translation'],
  })

  trap('under a PCID that is not loaded never happens, so its way to a freed table may stay', {
    run: (worse) =>
      experiment({
        machine: { pcids: 2, pages: [0, 1] },
        words: { done: variable() },
        policy: nativeIpi,
        setup: [
          idle,
          function* (cpu) {
            yield* cpu.loadCr3(0, { pcid: 1 })
            yield* cpu.read(0)
            yield* cpu.loadCr3(0, { pcid: 0 })
          },
        ],
        cpus: [
          function* (cpu, { done }, kernel) {
            const mm = kernel.mm(0)
            const table = yield* mm.clearEntry(2, 0)
            yield* mm.flush([0, 1], { freedTables: true })
            yield* mm.freeTable(table)
            yield* cpu.store(done, 1)
          },
          function* (cpu, { done }) {
            yield* cpu.until(done, 1)
            yield* cpu.loadCr3(0, { pcid: 1, noflush: worse })
            return (yield* cpu.read(1)).fault
          },
        ],
      }),
    reached: (_0, fault) => fault === 1,
    worse: ['not if it is loaded with NOFLUSH', 'hardware-walk'],
  })

  trap('finds no upper-level entry behind an INVLPG of another page', {
    run: (worse) =>
      experiment({
        machine: { pages: [0, 1, 2], tce: worse },
        *setup(cpu) {
          yield* cpu.read(0)
        },
        cpus: [
          function* (cpu, _words, kernel) {
            yield* kernel.mm(0).clearEntry(2, 0)
            yield* cpu.invlpg(2)
            yield* kernel.freeTableNow(cpu.table(1, 0))
            return (yield* cpu.read(1)).fault
          },
        ],
      }),
    reached: (fault) => fault === 1,
    worse: ['it does where INVLPG drops no more than the path of its page', 'hardware-walk'],
  })
})
