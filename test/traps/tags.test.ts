/** Tags that are not in use: what is cached under them may stay, whatever becomes of its frame. */
import { describe } from 'vitest'
import { experiment, perCpu, variable } from '../../src/experiment/index.ts'
import { nativeIpi } from '../../src/policies/index.ts'
import { idle, isNew, move, trap } from './trap.ts'

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
    worse: ['not if it is loaded with NOFLUSH', 'frame-lifetime'],
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
    worse: ['not if the note is overlooked', 'frame-lifetime'],
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
    worse: ['it must not be given out again', 'frame-lifetime'],
  })
})
