/** CPUs that a flush leaves out: their entries stay, and are gone before they can be used. */
import { describe } from 'vitest'
import { experiment, perCpu, variable, type Word, type X86 } from '../../src/experiment/index.ts'
import type { Code } from '../../src/engine/step.ts'
import type { AnyCpu } from '../../src/guest/cpu.ts'
import { nativeIpi } from '../../src/policies/index.ts'
import { pvFlush } from '../hypervisor/pv-flush.ts'
import { flushing, idle, noting, trap } from './trap.ts'

interface Words {
  readonly done: Word
}

/** Moves page 0 to another frame, flushes, and says so. */
function* move(cpu: X86, { done }: Words, kernel: AnyCpu): Code {
  yield* cpu.map(0, cpu.spare())
  yield* kernel.mm(0).flush([0])
  yield* cpu.store(done, 1)
}
function* isNew(cpu: X86): Code<boolean> {
  return (yield* cpu.read(0)).frame === cpu.spare()
}

describe('a tag that is not in use', () => {
  trap('a PCID that is not loaded keeps old entries, which its load drops', {
    run: (worse) =>
      experiment({
        machine: { pcids: 2, spare: 1 },
        words: { done: variable() },
        policy: nativeIpi,
        setup: [
          idle,
          function* (cpu) {
            yield* cpu.loadCr3(0, { pcid: 1 })
            yield* cpu.read(0)
            yield* cpu.loadCr3(0, { pcid: 0 })
          },
        ],
        cpus: [
          move,
          function* (cpu, { done }) {
            yield* cpu.until(done, 1)
            yield* cpu.loadCr3(0, { pcid: 1, noflush: worse })
            return yield* isNew(cpu)
          },
        ],
      }),
    reached: (_0, fresh) => fresh === 1,
    worse: ['not if it is loaded with NOFLUSH', 'stale-translation'],
  })

  trap('the user PCID of a CPU in the kernel is flushed on the way back', {
    run: (worse) =>
      experiment({
        machine: { pcids: 2, spare: 1 },
        words: { done: variable(), pending: perCpu() },
        policy: {
          ...nativeIpi,
          *flushRemote(cpu, request) {
            yield* cpu.flushLocal(request)
            yield* cpu.store(cpu.shared.pending.of(cpu.id), 1)
          },
        },
        setup: [
          idle,
          function* (cpu) {
            yield* cpu.loadCr3(0, { pcid: 1 })
            yield* cpu.read(0)
            yield* cpu.loadCr3(0, { pcid: 0 })
          },
        ],
        cpus: [
          move,
          function* (cpu, { done, pending }) {
            const late = yield* cpu.load(done)
            yield* cpu.cli()
            const flush = yield* cpu.load(pending[1])
            yield* cpu.loadCr3(0, { pcid: 1, noflush: worse || flush === 0 })
            yield* cpu.sti()
            return [late, yield* isNew(cpu)]
          },
        ],
      }),
    reached: (_0, late, fresh) => late + fresh === 2,
    worse: ['not if the note is overlooked', 'stale-translation'],
  })

  trap('a VPID that was given up may keep what it has', {
    run: (worse) =>
      experiment({
        machine: { vpids: 2, spare: 1 },
        words: { done: variable() },
        policy: nativeIpi,
        setup: [
          idle,
          function* (cpu) {
            yield* cpu.vmx.loadVpid(1)
            yield* cpu.read(0)
            yield* cpu.vmx.loadVpid(2)
          },
        ],
        cpus: [
          move,
          function* (cpu, { done }) {
            yield* cpu.until(done, 1)
            if (worse) yield* cpu.vmx.loadVpid(1)
            return yield* isNew(cpu)
          },
        ],
      }),
    reached: (_0, fresh) => fresh === 1,
    worse: ['it must not be given out again', 'stale-translation'],
  })
})

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
    worse: ['it must not come back without a look at its generation', 'stale-translation'],
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
    worse: ['not if it comes back with NOFLUSH', 'stale-translation'],
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
    worse: ['one that uses it must be', 'stale-translation'],
  })

  trap('a vCPU that is preempted is left out and flushes before it runs', {
    run: (worse) =>
      experiment({
        machine: { preemptions: 1, emulation: true, spare: 1 },
        words: { done: variable(), asked: variable() },
        policy: noting(pvFlush(worse ? 'host-forgets' : undefined)),
        setup: [
          idle,
          function* (cpu) {
            yield* cpu.read(0)
          },
        ],
        cpus: [
          move,
          function* (cpu, { done, asked }) {
            yield* cpu.until(done, 1)
            return [yield* cpu.load(asked), yield* isNew(cpu)]
          },
        ],
      }),
    reached: (_0, asked, fresh) => asked === 0 && fresh === 1,
    worse: ['the host must not forget the flag', 'stale-translation'],
  })
})
