/**
 * SCTBench reorder_N: N-1 threads write two variables one after the other, one thread compares them. It fails where the
 * comparison reads the first variable after some write to it, and the second before any.
 */
import { Guest } from './guest.ts'
import type { Program } from './program.ts'

const SET = 1
/** Stands for -1. */
const OPPOSITE = 2

export const reorder = (n: number): Program => ({
  name: `reorder_${n}`,
  build() {
    const g = new Guest(`reorder_${n}`, n)
    const a = g.variable('a', SET)
    const b = g.variable('b', OPPOSITE)
    const setters = Array.from({ length: n - 1 }, (_, i) =>
      g.thread(`set ${i}`, function* () {
        yield* a.store(SET)
        yield* b.store(OPPOSITE)
      }),
    )
    const checker = g.thread('check', function* () {
      if ((yield* a.load()) === 0 && (yield* b.load()) === 0) return
      yield* g.assert((yield* a.load()) === SET && (yield* b.load()) === OPPOSITE)
    })
    return g.run([...setters, checker])
  },
})
