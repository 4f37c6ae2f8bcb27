/** The order of unhooking and flush, with store buffers: where a fence is needed and where none is. */
import { describe } from 'vitest'
import { experiment, variable } from '../../src/experiment/index.ts'
import { nativeIpi } from '../../src/policies/index.ts'
import { trap, warm } from './trap.ts'

describe('the order of unhooking and flush', () => {
  trap('needs no fence between the store of the entry and the store of the request', {
    run: (worse) =>
      experiment({
        machine: { storeBuffer: 2, spare: 1 },
        words: { request: variable(), ack: variable() },
        setup: warm,
        cpus: [
          function* (cpu, { request, ack }, kernel) {
            if (worse) yield* cpu.store(request, 1)
            yield* cpu.map(0, cpu.spare())
            if (!worse) yield* cpu.store(request, 1)
            yield* cpu.invlpg(0)
            yield* cpu.until(ack, 1)
            yield* kernel.put(cpu.frame(0))
          },
          function* (cpu, { request, ack }) {
            yield* cpu.until(request, 1)
            yield* cpu.invlpg(0)
            const early = (yield* cpu.read(0)).frame === cpu.spare()
            yield* cpu.store(ack, 1)
            yield* cpu.read(0)
            return early
          },
        ],
      }),
    reached: (_0, early) => early === 1,
    never: (_0, early) => early === 0,
    worse: ['their order matters', 'frame-lifetime'],
  })

  trap('needs one locked operation before the mask of CPUs is read', {
    run: (worse) =>
      experiment({
        machine: { storeBuffer: 1, spare: 1 },
        words: { mask: variable() },
        policy: nativeIpi,
        cpus: [
          function* (cpu, { mask }, kernel) {
            yield* cpu.map(0, cpu.spare())
            if (!worse) yield* cpu.mfence()
            const asks = yield* cpu.load(mask)
            if (asks) yield* kernel.mm(0).flush([0])
            else yield* cpu.invlpg(0)
            yield* kernel.put(cpu.frame(0))
            return asks
          },
          function* (cpu, { mask }) {
            yield* cpu.xchg(mask, 1)
            yield* cpu.read(0)
            return (yield* cpu.read(0)).frame === cpu.spare()
          },
        ],
      }),
    // Not asked, and right.
    reached: (asked, fresh) => asked === 0 && fresh === 1,
    worse: ['a plain store may pass the load', 'frame-lifetime'],
  })
})
