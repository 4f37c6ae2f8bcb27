/**
 * SCTBench qsort_mt (Spinellis' multi-threaded qsort): threads of a pool wait for a part to sort, and hand half of it to
 * an idle one. The defect: a thread is marked as working before its mutex is taken and its part is written, so one that
 * is not asleep yet goes on with an old part. It fails where a part was left unsorted. The parts are a tree of seven;
 * sorting itself, which nobody else sees, is one step.
 */
import type { Code } from '../../src/index.ts'
import { Guest } from './guest.ts'
import type { Program } from './program.ts'

const POOL = 2
/** Parts of a tree: 1 is all, the halves of k are 2k and 2k+1. */
const PARTS = 7
const IDLE = 0
const WORK = 1
const TERMINATE = 2

export const qsort: Program = {
  name: 'qsort',
  build() {
    const g = new Guest('qsort', POOL)
    const allocation = g.mutex('allocation')
    const idle = g.variable('idle', Infinity, POOL)
    const pool = Array.from({ length: POOL }, (_, i) => ({
      state: g.variable(`state[${i}]`, Infinity),
      part: g.variable(`part[${i}]`, Infinity),
      mutex: g.mutex(`mutex[${i}]`),
      wakeUp: g.condition(`condition[${i}]`, 1)(0),
    }))
    const sorted = g.array('sorted', PARTS + 1, 1)

    /** An idle thread, marked as working, with its mutex held; undefined if there is none. */
    const allocate = function* (): Code<number> {
      yield* allocation.lock()
      for (let i = 0; i < POOL; i++) {
        if ((yield* pool[i].state.load()) !== IDLE) continue
        yield* idle.store((yield* idle.load()) - 1)
        yield* pool[i].state.store(WORK)
        yield* pool[i].mutex.lock()
        yield* allocation.unlock()
        return i
      }
      yield* allocation.unlock()
      return -1
    }
    const sort = function* (part: number): Code {
      for (let at = part; ; at = 2 * at + 1) {
        yield* sorted[at].store(1)
        const left = 2 * at
        if (left > PARTS) return
        const other = yield* allocate()
        if (other < 0) yield* sort(left)
        else {
          yield* pool[other].part.store(left)
          yield* pool[other].wakeUp.signal()
          yield* pool[other].mutex.unlock()
        }
      }
    }
    const threads = pool.map(({ state, part, mutex, wakeUp }, i) =>
      g.thread(`sort ${i}`, function* () {
        for (;;) {
          yield* mutex.lock()
          while ((yield* state.load()) === IDLE) yield* wakeUp.wait(mutex)
          yield* mutex.unlock()
          if ((yield* state.load()) === TERMINATE) return
          const mine = yield* part.load()
          if (mine > 0) yield* sort(mine)
          yield* allocation.lock()
          yield* state.store(IDLE)
          const resting = (yield* idle.load()) + 1
          yield* idle.store(resting)
          if (resting === POOL) {
            for (let j = 0; j < POOL; j++) {
              if (j === i) continue
              yield* pool[j].mutex.lock()
              yield* pool[j].state.store(TERMINATE)
              yield* pool[j].wakeUp.signal()
              yield* pool[j].mutex.unlock()
            }
            return yield* allocation.unlock()
          }
          yield* allocation.unlock()
        }
      }),
    )
    return g.main(function* () {
      for (const thread of threads) yield* thread.create()
      const [{ state, part, mutex, wakeUp }] = pool
      yield* mutex.lock()
      yield* part.store(1)
      yield* state.store(WORK)
      yield* idle.store((yield* idle.load()) - 1)
      yield* wakeUp.signal()
      yield* mutex.unlock()
      for (const thread of threads) yield* thread.join()
      for (let part = 1; part <= PARTS; part++) yield* g.assert((yield* sorted[part].load()) === 1)
    })
  },
}
