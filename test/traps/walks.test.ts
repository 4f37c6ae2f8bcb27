/** Walks and tables: an unhooked table is a table until it is freed, for hardware and for software under protection. */
import { describe } from 'vitest'
import {
  A,
  D,
  MAPPED,
  P,
  PS,
  RW,
  US,
  entry,
  experiment,
  frameOf,
  variable,
} from '../../src/experiment/index.ts'
import { hypervRcu, hypervSpace, nativeIpi } from '../../src/policies/index.ts'
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

describe('the accessed flag', () => {
  trap('may be missing although the page is used, and there although nobody used it', {
    run: (worse) =>
      experiment({
        machine: { speculation: 1, spare: 1 },
        words: { done: variable() },
        policy: nativeIpi,
        setup: [
          idle,
          function* (cpu) {
            yield* cpu.read(0)
          },
        ],
        cpus: [
          function* (cpu, { done }, kernel) {
            yield* cpu.clearFlags(1, 0, A)
            const young = ((yield* cpu.readEntry(1, 0)) & A) !== 0
            yield* cpu.map(0, cpu.spare())
            if (worse && !young) {
              yield* kernel.mm(0).flush([])
              yield* kernel.mm(0).put(cpu.frame(0))
            } else yield* kernel.mm(0).flush([0])
            yield* cpu.store(done, 1)
            return young
          },
          function* (cpu, { done }) {
            const early = (yield* cpu.read(0)).frame === cpu.frame(0)
            yield* cpu.until(done, 1)
            yield* cpu.read(0)
            return early
          },
        ],
      }),
    reached: (young, used) => young === 0 && used === 1,
    worse: ['it must not stand for "not cached"', 'frame-lifetime'],
  })
})

describe('two sizes of one page', () => {
  const sizes = (machine: object, first: number, second: number): ReturnType<typeof experiment> =>
    experiment({
      machine: { pages: [0, 1], spare: 2, structureCaches: false, ...machine },
      cpus: [
        function* (cpu) {
          yield* cpu.map(0, cpu.spare(), first)
          const small = yield* cpu.read(0)
          yield* cpu.setEntry(2, 0, entry(cpu.spare(second), MAPPED | PS))
          const large = yield* cpu.read(1)
          return [small.frame === cpu.spare(), large.frame === cpu.spare(second)]
        },
      ],
    })
  const reached = (small: number, large: number): boolean => small + large === 2

  trap('may be cached together if frame and rights are the same', {
    run: (worse) => sizes({}, MAPPED, worse ? 1 : 0),
    reached,
    worse: ['not if the frames differ', 'page-size-coherence'],
  })

  trap('may be cached together whatever A and D say', {
    run: (worse) => sizes({}, worse ? P | US | A : MAPPED | D, 0),
    reached,
    worse: ['not if the rights differ', 'page-size-coherence'],
  })

  trap('may be cached together where no access finds both', {
    run: (worse) => sizes({ multihit: worse }, MAPPED, 0),
    reached,
    worse: ['not where one may, which is what errata are about', 'page-size-coherence'],
  })
})

describe('a walk of software', () => {
  trap('may read a table that was unhooked and flushed, while it holds off the free', {
    run: (worse) =>
      experiment({
        words: { flushed: variable() },
        policy: worse ? hypervSpace : hypervRcu,
        cpus: [
          function* (cpu, { flushed }, kernel) {
            const mm = kernel.mm(0)
            const table = yield* mm.clearEntry(2, 0)
            yield* mm.flush([0], { freedTables: true })
            yield* cpu.store(flushed, 1)
            yield* mm.freeTable(table)
          },
          function* (cpu, { flushed }) {
            yield* cpu.cli()
            const pmd = yield* cpu.readEntry(2, 0)
            const late = yield* cpu.load(flushed)
            const pte = pmd & P ? yield* cpu.readEntry(1, 0, frameOf(pmd)) : 0
            yield* cpu.sti()
            return [late, (pte & P) !== 0]
          },
        ],
      }),
    reached: (_0, late, present) => late + present === 2,
    worse: ['nothing holds it off if the table is freed at once', 'software-walk'],
  })

  trap('may take a reference of a frame that is another owner’s by now, and drop it again', {
    run: (worse) =>
      experiment({
        words: { reused: variable() },
        policy: hypervRcu,
        cpus: [
          function* (cpu, { reused }, kernel) {
            const mm = kernel.mm(0)
            const frame = yield* mm.clearEntry(1, 0)
            yield* mm.flush([0])
            yield* mm.put(frame)
            if (yield* mm.allocate(frame)) yield* cpu.store(reused, 1)
          },
          function* (cpu, { reused }, kernel) {
            yield* cpu.cli()
            const pte = yield* cpu.readEntry(1, 0)
            const late = yield* cpu.load(reused)
            const got = (pte & P) !== 0 && ((yield* kernel.tryGet(frameOf(pte))) || worse)
            const same = (yield* cpu.readEntry(1, 0)) === pte
            if (got) yield* kernel.put(frameOf(pte))
            yield* cpu.sti()
            return [late, got, same]
          },
        ],
      }),
    reached: (_0, late, got, same) => late + got === 2 && same === 0,
    worse: ['not if there is none left to take', 'free-once'],
  })
})
