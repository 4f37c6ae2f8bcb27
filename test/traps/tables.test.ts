/** What is read of tables: the accessed flag, two sizes of one page, and walks of software. */
import { describe } from 'vitest'
import { A, D, MAPPED, P, PS, US, entry, experiment, frameOf, variable } from '../../src/experiment/index.ts'
import { hypervRcu, hypervSpace, nativeIpi } from '../../src/policies/index.ts'
import { trap, warm } from './trap.ts'

describe('the accessed flag', () => {
  trap('may be missing although the page is used, and there although nobody used it', {
    run: (worse) =>
      experiment({
        machine: { speculation: 1, spare: 1 },
        words: { done: variable() },
        policy: nativeIpi,
        setup: warm,
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
