/** Answering call-function requests from code, where the IPI cannot get through. */
import { expect, it } from 'vitest'
import { experiment, variable } from '../../src/experiment/index.ts'
import { nativeIpi } from '../../src/policies/native-ipi.ts'

/** CPU0 unmaps page 0 and waits for CPU1, which keeps interrupts off until that is over; CPU1's last read faults: 1. */
const withInterruptsOff = (serves: boolean) =>
  experiment({
    policy: nativeIpi,
    words: { ready: variable() },
    cpus: [
      function* (cpu, { ready }, kernel) {
        yield* cpu.until(ready, 1)
        const mm = kernel.mm(0)
        yield* mm.lock()
        const frame = yield* mm.clearEntry(1, 0)
        yield* mm.flush([0])
        yield* mm.put(frame)
        yield* mm.unlock()
      },
      function* (cpu, { ready }, kernel) {
        yield* cpu.cli()
        yield* cpu.read(0)
        yield* cpu.store(ready, 1)
        yield* cpu.until(kernel.kernel.slots[0][1], 1, 1)
        if (serves) yield* kernel.serveCalls()
        yield* cpu.until(kernel.kernel.lock[0], 0)
        const { fault } = yield* cpu.read(0)
        yield* cpu.sti()
        return fault ? 1 : 0
      },
    ],
  })

it('a CPU that serves calls flushes what it was asked to flush, and lets the initiator go on', () => {
  const { outcomes, deadlocks, violations } = withInterruptsOff(true)
  expect(outcomes).toEqual([[0, 1]])
  expect(deadlocks).toEqual([])
  expect([...violations.keys()]).toEqual([])
})

it('one that does not is waited for, for ever', () => {
  const { outcomes, deadlocks } = withInterruptsOff(false)
  expect(outcomes).toEqual([])
  expect(deadlocks).toHaveLength(1)
})
