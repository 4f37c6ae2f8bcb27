/** smp_call_function with queues: every request is served, once, in order; and how a wake-up gets lost. */
import { describe, expect, it } from 'vitest'
import type { Code } from '../../src/engine/step.ts'
import { experiment, type Experiment } from '../../src/experiment/experiment.ts'
import { callQueues, queuePop, queuePush, queueTakeAll, queueWords } from '../../src/guest/call-queue.ts'
import type { AnyCpu, Cpu } from '../../src/guest/cpu.ts'
import type { SharedWords, Word } from '../../src/machine/word.ts'
import { variable } from '../../src/machine/word.ts'

/** Requests add themselves to a sum, in digits. */
function* note(cpu: AnyCpu, request: number): Code {
  const sum = (cpu.shared as { sum: SharedWords }).sum.of()
  yield* cpu.store(sum, (yield* cpu.load(sum)) * 10 + request)
}
const calls = callQueues({ vector: 'call', handle: note, slots: 2 })
const words = { ...calls.shared, sum: variable({ max: 999 }) }

/** CPU1 and CPU2 each ask CPU0 for something. */
const asking = (
  ask: (kernel: Cpu, request: number) => Code,
  answer: (kernel: Cpu) => Code = calls.drain,
): Experiment =>
  experiment({
    words,
    interrupts: {
      *call(_cpu, _words, kernel) {
        yield* answer(kernel)
      },
    },
    cpus: [
      function* () {},
      (_cpu, _words, kernel) => ask(kernel, 1),
      (_cpu, _words, kernel) => ask(kernel, 2),
    ],
    observe: (read, all) => [read(all.sum)],
  })
const sums = ({ outcomes }: Experiment): number[] => outcomes.map((outcome) => outcome[3])
const call = (kernel: Cpu, request: number): Code => calls.call(kernel, [0], request)

describe('calls through a queue', () => {
  it('are all served, in the order in which they were queued, though IPIs collapse', () => {
    const found = asking(call)
    expect(found.deadlocks).toEqual([])
    expect(sums(found)).toEqual([12, 21])
  })

  it('wait for the same request of before, and may have several of one CPU under way', () => {
    const found = experiment({
      words,
      interrupts: {
        *call(_cpu, _words, kernel) {
          yield* calls.drain(kernel)
        },
      },
      cpus: [
        function* () {},
        function* (_cpu, _words, kernel) {
          yield* calls.call(kernel, [0], 1, { wait: false })
          yield* calls.call(kernel, [0], 2, { wait: false, slot: 1 })
          yield* calls.call(kernel, [0], 3)
        },
      ],
      observe: (read, all) => [read(all.sum)],
    })
    expect(found.deadlocks).toEqual([])
    // The third reuses the slot of the first, not before that was answered; the second is on its way all the time.
    expect(found.outcomes.map(([, , sum]) => sum)).toEqual([123])
  })

  it('are lost where the handler takes one request an interrupt', () => {
    const found = asking(call, function* (kernel) {
      const entry = yield* queuePop(kernel, calls.queueOf(kernel, kernel.id))
      if (entry !== 0) yield* calls.serve(kernel, entry)
    })
    expect(found.deadlocks.length).toBeGreaterThan(0)
    expect(sums(found)).toEqual([12, 21])
  })

  it('are lost where a request is queued behind the back of a handler that empties the queue last', () => {
    const found = asking(call, function* (kernel) {
      const queue = calls.queueOf(kernel, kernel.id)
      const seen = yield* kernel.load(queue)
      for (let left = seen; left > 0; left = Math.floor(left / 8)) yield* calls.serve(kernel, left % 8)
      yield* kernel.store(queue, 0)
    })
    expect(found.deadlocks.length).toBeGreaterThan(0)
  })

  it('are lost where the look at the queue and the append are two steps', () => {
    const apart = (split: boolean): Experiment =>
      experiment({
        words: { queues: queueWords(), served: variable({ max: 7 }) },
        interrupts: {
          *call(cpu, { queues, served }, kernel) {
            for (const entry of yield* queueTakeAll(kernel, queues[0]))
              yield* cpu.fetchOr(served, 1 << (entry - 1))
          },
        },
        cpus: [
          function* (cpu, { served }) {
            yield* cpu.until(served, 3)
          },
          ...[1, 2].map(
            (entry) =>
              function* (_cpu: unknown, { queues }: { queues: readonly Word[] }, kernel: Cpu): Code {
                const seen = split ? (yield* kernel.load(queues[0])) === 0 : false
                const empty = yield* queuePush(kernel, queues[0], entry)
                if (split ? seen : empty) yield* kernel.sendIpi(0, 'call')
              },
          ),
        ],
      })
    expect(apart(false).deadlocks).toEqual([])
    expect(apart(true).deadlocks.length).toBeGreaterThan(0)
  })
})

describe('a queue', () => {
  const on = (program: (kernel: Cpu, queue: Word) => Code<number | void>): Experiment =>
    experiment({
      words: { queues: queueWords() },
      cpus: [(_cpu, { queues }, kernel) => program(kernel, queues[0])],
    })

  it('hands out its entries from the oldest on', () => {
    const { outcomes } = on(function* (kernel, queue) {
      const empties: boolean[] = []
      for (const entry of [3, 1, 2]) empties.push(yield* queuePush(kernel, queue, entry))
      const first = yield* queuePop(kernel, queue)
      const rest = yield* queueTakeAll(kernel, queue)
      const none = yield* queuePop(kernel, queue)
      expect(empties).toEqual([true, false, false])
      return Number([first, ...rest, none].join(''))
    })
    expect(outcomes).toEqual([[3120]])
  })

  it('says what it cannot hold', () => {
    const pushing = (entries: readonly number[]) => () =>
      on(function* (kernel, queue) {
        for (const entry of entries) yield* queuePush(kernel, queue, entry)
      })
    expect(pushing([8])).toThrow('entry of a queue is 8; expected 1 to 7.')
    expect(pushing([1, 2, 3, 4, 5, 6])).toThrow('"queues" was set to 6; it was declared to hold 0 to 5.')
  })
})
