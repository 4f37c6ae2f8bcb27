/**
 * SCTBench token_ring: three threads hand a number on, each in one atomic step, and a fourth expects that all three hold
 * the same once each has been. It fails where the fourth comes last and the three came in the wrong order.
 */
import { Guest } from './guest.ts'
import type { Program } from './program.ts'

export const tokenRing: Program = {
  name: 'token_ring',
  build() {
    const g = new Guest('token_ring', 4)
    const p = g.protocol
    const x1 = p.word('x1', 1)
    const x2 = p.word('x2', 2)
    const x3 = p.word('x3', 1)
    const flags = p.word('flags')
    // A whole ATOMIC section is one step and touches several words, so it conflicts with all the others, which it does.
    const pass = [
      p.step('x1 = x3 + 1', (S) => void ((S[x1] = (S[x3] + 1) % 4), (S[flags] |= 1))),
      p.step('x2 = x1', (S) => void ((S[x2] = S[x1]), (S[flags] |= 2))),
      p.step('x3 = x2', (S) => void ((S[x3] = S[x2]), (S[flags] |= 4))),
    ]
    const compare = p.step('compare', (S) => {
      if (S[flags] === 7 && (S[x1] !== S[x2] || S[x2] !== S[x3]))
        p.violate('assertion', 'x1, x2 and x3 differ.')
    })
    const steps = [...pass, compare]
    const threads = steps.map((step, i) =>
      g.thread(`t${i + 1}`, function* () {
        yield* step()
      }),
    )
    return g.main(function* () {
      for (const thread of threads) yield* thread.create()
    })
  },
}
