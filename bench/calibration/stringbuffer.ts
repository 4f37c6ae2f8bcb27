/**
 * SCTBench stringbuffer, of JDK 1.4: append(other) asks for the other's length, makes room, and copies so many characters,
 * each under the other's lock but not under one. It fails where the other is shortened in between.
 */
import type { Code } from '../../src/index.ts'
import { Guest } from './guest.ts'
import type { Program } from './program.ts'

const LENGTH = 3

export const stringbuffer: Program = {
  name: 'stringbuffer',
  build() {
    const g = new Guest('stringbuffer', 1)
    const lock = g.mutex('buffer')
    const count = g.variable('count', 2 * LENGTH, LENGTH)
    const own = g.mutex('own')
    const length = function* (): Code<number> {
      yield* lock.lock()
      const result = yield* count.load()
      yield* lock.unlock()
      return result
    }
    const eraser = g.thread('erase and append', function* () {
      yield* lock.lock()
      yield* count.store((yield* count.load()) - LENGTH)
      yield* lock.unlock()
      yield* lock.lock()
      yield* count.store((yield* count.load()) + LENGTH)
      yield* lock.unlock()
    })
    return g.main(function* () {
      yield* eraser.create()
      yield* own.lock()
      const wanted = yield* length()
      yield* lock.lock()
      yield* g.assert(wanted <= (yield* count.load()))
      yield* lock.unlock()
      yield* own.unlock()
    })
  },
}
