/**
 * SCTBench bluetooth_driver (Qadeer and Wu, "KISS: keep it simple and sequential", PLDI 2004): a request looks at the
 * stopping flag and then counts itself in; a stop sets the flag, counts itself out, and releases the device if nobody is
 * left. It fails where the stop comes between the look and the count, and the request goes on with what was released.
 */
import { Guest } from './guest.ts'
import type { Program } from './program.ts'

/** The count is kept 1 too high: a request that was turned away counts itself out all the same. */
const LIFT = 1

export const bluetoothDriver: Program = {
  name: 'bluetooth_driver',
  build() {
    const g = new Guest('bluetooth_driver', 1)
    const pending = g.variable('pendingIo', 2 + LIFT, 1 + LIFT)
    const stoppingFlag = g.variable('stoppingFlag', 1)
    const stoppingEvent = g.variable('stoppingEvent', 1)
    const stopped = g.variable('stopped', 1)
    const decrement = function* () {
      if ((yield* pending.add(-1)) === LIFT) yield* stoppingEvent.store(1)
    }
    const stop = g.thread('PnpStop', function* () {
      yield* stoppingFlag.store(1)
      yield* decrement()
      if ((yield* stoppingEvent.load()) === 1) yield* stopped.store(1)
    })
    return g.main(function* () {
      yield* stop.create()
      if ((yield* stoppingFlag.load()) === 0) {
        yield* pending.add(1)
        yield* g.assert((yield* stopped.load()) === 0)
      }
      yield* decrement()
      yield* stop.join()
    })
  },
}
