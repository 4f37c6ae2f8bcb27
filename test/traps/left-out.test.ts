/** CPUs that a flush leaves out: their entries stay, and are gone before they can be used. */
import { describe } from 'vitest'
import { experiment, variable } from '../../src/experiment/index.ts'
import { pvFlush } from '../hypervisor/pv-flush.ts'
import { flushing, idle, isNew, move, noting, trap, warm } from './trap.ts'

describe('a CPU that is not asked', () => {
  trap('a lazy CPU is left out and flushes when it comes back', {
    run: (worse) =>
      experiment({
        machine: { spare: 1 },
        features: { lazy: true },
        words: { done: variable(), asked: variable() },
        policy: noting(),
        setup: [
          idle,
          function* (cpu, _words, kernel) {
            yield* cpu.read(0)
            yield* cpu.store(kernel.kernel.lazy[1], 1)
          },
        ],
        cpus: [
          move,
          function* (cpu, { done, asked }, kernel) {
            const { lazy, behind } = kernel.kernel
            yield* cpu.until(done, 1)
            yield* cpu.xchg(lazy[1], 0)
            if (!worse && (yield* cpu.load(behind[0])) & 2) yield* cpu.loadCr3(0)
            return [yield* cpu.load(asked), yield* isNew(cpu)]
          },
        ],
      }),
    reached: (_0, asked, fresh) => asked === 0 && fresh === 1,
    worse: ['it must not come back without a look at its generation', 'frame-lifetime'],
  })

  trap('a CPU in another address space is left out and flushes when it comes back', {
    run: (worse) =>
      experiment({
        machine: { spaces: 2, pcids: 2, spare: 1 },
        words: { done: variable(), asked: variable() },
        policy: noting(),
        setup: [
          idle,
          function* (cpu, _words, kernel) {
            yield* cpu.read(0)
            yield* cpu.loadCr3(1, { pcid: 1 })
            yield* cpu.fetchAnd(kernel.kernel.cpumask[0], ~2)
          },
        ],
        cpus: [
          move,
          function* (cpu, { done, asked }, kernel) {
            yield* cpu.until(done, 1)
            const { frame } = yield* cpu.read(0)
            yield* cpu.fetchOr(kernel.kernel.cpumask[0], 2)
            yield* cpu.loadCr3(0, { pcid: 0, noflush: worse })
            return [yield* cpu.load(asked), frame === cpu.frame(0, 1), yield* isNew(cpu)]
          },
        ],
      }),
    reached: (_0, asked, elsewhere, fresh) => asked === 0 && elsewhere + fresh === 2,
    worse: ['not if it comes back with NOFLUSH', 'frame-lifetime'],
  })

  trap('a CPU that does not use the address space may be asked as well', {
    run: (worse) =>
      experiment({
        machine: { spaces: 2, spare: 1 },
        features: { switching: false },
        words: { done: variable(), asked: variable() },
        policy: worse ? flushing(true) : noting(),
        setup: [
          idle,
          function* (cpu) {
            if (!worse) yield* cpu.loadCr3(1)
            yield* cpu.read(0)
          },
        ],
        cpus: [
          move,
          function* (cpu, { done, asked }) {
            yield* cpu.until(done, 1)
            return [yield* cpu.load(asked), (yield* cpu.read(0)).frame === cpu.frame(0, 1)]
          },
        ],
      }),
    reached: (_0, asked, elsewhere) => asked + elsewhere === 2,
    worse: ['one that uses it must be', 'frame-lifetime'],
  })

  trap('a vCPU that is preempted is left out and flushes before it runs', {
    run: (worse) =>
      experiment({
        machine: { preemptions: 1, emulation: true, spare: 1 },
        words: { done: variable(), asked: variable() },
        policy: noting(pvFlush(worse ? 'host-forgets' : undefined)),
        setup: warm,
        cpus: [
          move,
          function* (cpu, { done, asked }) {
            yield* cpu.until(done, 1)
            return [yield* cpu.load(asked), yield* isNew(cpu)]
          },
        ],
      }),
    reached: (_0, asked, fresh) => asked === 0 && fresh === 1,
    worse: ['the host must not forget the flag', 'frame-lifetime'],
  })
})
