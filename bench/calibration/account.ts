/**
 * SCTBench account: a deposit and a withdrawal, each under the lock, and a check of the balance that expects the wrong
 * sum. It fails where the check comes last. The check is created first; main joins nobody.
 */
import { Guest } from './guest.ts'
import type { Program } from './program.ts'

export const account: Program = {
  name: 'account',
  build() {
    const g = new Guest('account', 3)
    const mutex = g.mutex('mutex')
    /** The balance, 4 added so that it stays above 0. */
    const balance = g.variable('balance', 8, 5)
    const deposited = g.variable('deposit_done', 1)
    const withdrawn = g.variable('withdraw_done', 1)
    const check = g.thread('check', function* () {
      yield* mutex.lock()
      if ((yield* deposited.load()) === 1 && (yield* withdrawn.load()) === 1)
        yield* g.assert((yield* balance.load()) === 4 + (1 - 2) - 4)
      yield* mutex.unlock()
    })
    const deposit = g.thread('deposit', function* () {
      yield* mutex.lock()
      yield* balance.store((yield* balance.load()) + 2)
      yield* deposited.store(1)
      yield* mutex.unlock()
    })
    const withdraw = g.thread('withdraw', function* () {
      yield* mutex.lock()
      yield* balance.store(Math.max(0, (yield* balance.load()) - 4))
      yield* withdrawn.store(1)
      yield* mutex.unlock()
    })
    return g.main(function* () {
      yield* check.create()
      yield* deposit.create()
      yield* withdraw.create()
    })
  },
}
