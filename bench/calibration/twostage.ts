/**
 * SCTBench twostage_N: each of N-1 threads stores to one variable and, in a second critical section, to another one that
 * must follow it; one thread reads both, each under its own lock. It fails where the reader comes between the stages.
 */
import { Guest } from './guest.ts'
import type { Program } from './program.ts'

/** `n` is the number of threads besides the main one; the program without a number has two. */
export const twostage = (n: number): Program => ({
  name: n === 2 ? 'twostage' : `twostage_${n}`,
  build() {
    const g = new Guest(this.name, n)
    const first = g.variable('data1', 1)
    const second = g.variable('data2', 2)
    const lock1 = g.mutex('lock1')
    const lock2 = g.mutex('lock2')
    const writers = Array.from({ length: n - 1 }, (_, i) =>
      g.thread(`write ${i}`, function* () {
        yield* lock1.lock()
        yield* first.store(1)
        yield* lock1.unlock()
        yield* lock2.lock()
        yield* second.store((yield* first.load()) + 1)
        yield* lock2.unlock()
      }),
    )
    const reader = g.thread('read', function* () {
      yield* lock1.lock()
      if ((yield* first.load()) === 0) return yield* lock1.unlock()
      const seen = yield* first.load()
      yield* lock1.unlock()
      yield* lock2.lock()
      const follows = yield* second.load()
      yield* lock2.unlock()
      yield* g.assert(follows === seen + 1)
    })
    return g.run([...writers, reader])
  },
})
