/** mmu_gather: unhook, flush, then free; a full batch; a gather inside another. */
import { describe, expect, it } from 'vitest'
import { perform, type Code } from '../../src/engine/step.ts'
import { experiment, type Experiment } from '../../src/experiment/experiment.ts'
import type { Cpu } from '../../src/guest/cpu.ts'
import { MmuGather } from '../../src/guest/mmu-gather.ts'
import { PUT } from '../../src/machine/frames.ts'
import { variable, type Word } from '../../src/machine/word.ts'
import { nativeIpi } from '../../src/policies/index.ts'

const names = ({ violations }: Experiment): string[] => [...violations.keys()].toSorted()

/** CPU0 unmaps pages 2 and 3 and their table while CPU1 reads both. */
const unmapping = (run: (kernel: Cpu, count: Word) => Code, max = 7): Experiment =>
  experiment({
    machine: { pages: [0, 2, 3], vcpus: 2 },
    words: { flushes: variable({ max }) },
    policy: {
      ...nativeIpi,
      *flush(cpu, request, gathered) {
        const count = (cpu.shared as unknown as { flushes: { of(): Word } }).flushes.of()
        yield* cpu.store(count, (yield* cpu.load(count)) + 1)
        yield* nativeIpi.flush(cpu as never, request, gathered)
      },
    },
    cpus: [
      function* (_cpu, { flushes }, kernel) {
        yield* run(kernel, flushes)
      },
      function* (cpu) {
        yield* cpu.read(2)
        yield* cpu.read(3)
      },
    ],
    observe: (read, { flushes }) => [read(flushes)],
  })

function* unmap(kernel: Cpu, batch?: number): Code {
  const gather = yield* MmuGather.begin(kernel, 0, batch === undefined ? {} : { batch })
  for (const page of [2, 3]) yield* gather.zap(page)
  yield* gather.freeTables(2)
  yield* gather.finish()
}

describe('a gather', () => {
  it('frees pages and tables after one flush of all of them', () => {
    const { outcomes, violations } = unmapping((kernel) => unmap(kernel))
    expect([...violations]).toEqual([])
    expect(outcomes).toEqual([[0, 0, 1]])
  })

  it('flushes early when a batch is full', () => {
    const { outcomes, violations } = unmapping((kernel) => unmap(kernel, 1))
    expect([...violations]).toEqual([])
    expect(outcomes).toEqual([[0, 0, 3]])
  })

  it('that frees before it flushes is what the order is for', () => {
    const found = unmapping(function* (kernel) {
      const gather = yield* MmuGather.begin(kernel, 0)
      const frame = kernel.x86.frame(2)
      yield* kernel.x86.setEntry(1, 2, 0)
      yield* perform(PUT, frame)
      gather.removeEntry(2)
      yield* gather.finish()
    })
    expect(names(found)).toEqual(['frame-lifetime'])
  })

  it('can be flushed before it ends, as under the page-table lock', () => {
    const { outcomes, violations } = unmapping(function* (kernel) {
      const gather = yield* MmuGather.begin(kernel, 0)
      yield* gather.zap(2)
      yield* gather.flushTlbOnly()
      yield* gather.flush()
      yield* gather.finish()
    })
    expect([...violations]).toEqual([])
    expect(outcomes).toEqual([[0, 0, 1]])
  })

  it('of nothing flushes nothing, and says whether a page was mapped', () => {
    const { outcomes } = unmapping(function* (kernel, count) {
      yield* kernel.x86.setEntry(1, 2, 0)
      const gather = yield* MmuGather.begin(kernel, 0)
      if (yield* gather.zap(2)) yield* kernel.store(count, 7)
      yield* gather.finish()
    })
    expect(outcomes).toEqual([[0, 0, 0]])
  })
})

describe('two gathers at a time', () => {
  /**
   * CPU0 clears the entry and has not flushed; CPU1 then unmaps the same page and finds it none. When CPU1 is done,
   * it must not reach the page any more.
   */
  const nested = (keepsPending: boolean): Experiment =>
    experiment({
      machine: { pages: [0, 1] },
      words: { pending: variable({ max: 2 }), lock: variable({ max: 3 }) },
      policy: nativeIpi,
      *setup(cpu) {
        yield* cpu.read(0)
      },
      cpus: [0, 1].map(
        () =>
          function* (
            cpu: { read(page: number): Code<{ fault: boolean }> },
            { pending, lock }: { pending: Word; lock: Word },
            kernel: Cpu,
          ): Code<number> {
            if (kernel.id === 1) yield* cpu.read(0)
            const gather = yield* MmuGather.begin(kernel, 0, keepsPending ? { pending } : {})
            yield* kernel.lock(lock)
            yield* gather.zap(0)
            yield* kernel.unlock(lock)
            yield* gather.finish()
            return (yield* cpu.read(0)).fault ? 1 : 0
          },
      ),
    })

  it('flush for one another where the mm counts them', () => {
    const { outcomes, violations } = nested(true)
    expect([...violations]).toEqual([])
    expect(outcomes).toEqual([[1, 1]])
  })

  it('leave the second with a stale translation where it does not', () => {
    expect(nested(false).outcomes).toContainEqual([1, 0])
  })
})
