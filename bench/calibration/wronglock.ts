/**
 * SCTBench wronglock: one thread adds to a variable under one lock and checks the sum, seven add under another lock.
 * It fails where one of them stores between the two looks of the first.
 */
import { Guest } from './guest.ts'
import type { Program } from './program.ts'

export const wronglock = (others: number): Program => ({
  name: others === 7 ? 'wronglock' : `wronglock_${others}`,
  build() {
    const g = new Guest(this.name, 1 + others)
    const value = g.variable('value', 1 + others)
    const right = g.mutex('right')
    const wrong = g.mutex('wrong')
    const checker = g.thread('check', function* () {
      yield* right.lock()
      const before = yield* value.load()
      yield* value.store((yield* value.load()) + 1)
      yield* g.assert((yield* value.load()) === before + 1)
      yield* right.unlock()
    })
    const adders = Array.from({ length: others }, (_, i) =>
      g.thread(`add ${i}`, function* () {
        yield* wrong.lock()
        yield* value.store((yield* value.load()) + 1)
        yield* wrong.unlock()
      }),
    )
    return g.run([checker, ...adders])
  },
})
