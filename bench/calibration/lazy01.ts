/**
 * SCTBench lazy01: one thread adds 1, one adds 2, a third fails if it finds 3 or more: where it comes last, which it does
 * in the order of creation.
 */
import { Guest } from './guest.ts'
import type { Program } from './program.ts'

export const lazy01: Program = {
  name: 'lazy01',
  build() {
    const g = new Guest('lazy01', 3)
    const mutex = g.mutex('mutex')
    const data = g.variable('data', 3)
    const adders = [1, 2].map((amount) =>
      g.thread(`add ${amount}`, function* () {
        yield* mutex.lock()
        yield* data.store((yield* data.load()) + amount)
        yield* mutex.unlock()
      }),
    )
    const checker = g.thread('check', function* () {
      yield* mutex.lock()
      yield* g.assert((yield* data.load()) < 3)
      yield* mutex.unlock()
    })
    return g.run([...adders, checker])
  },
}
