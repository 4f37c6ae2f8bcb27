/** Old translations before the flush completes: they may be used, by anybody, in any order. */
import { describe } from 'vitest'
import { G, experiment, variable, type X86 } from '../../src/experiment/index.ts'
import type { Code } from '../../src/engine/step.ts'
import { freeBeforeAck, nativeIpi } from '../../src/policies/index.ts'
import { flushing, idle, noting, readPage0, trap, warm } from './trap.ts'

/** Whether page 0 still leads where it led at the start. */
function* isOld(cpu: X86): Code<boolean> {
  return (yield* cpu.read(0)).frame === cpu.frame(0)
}

describe('before the flush completes', () => {
  trap('the old frame may be read again and again', {
    run: (worse) =>
      experiment({
        machine: { spare: 1 },
        words: { moved: variable() },
        policy: flushing(worse),
        setup: warm,
        cpus: [
          function* (cpu, { moved }, kernel) {
            yield* cpu.map(0, cpu.spare())
            yield* cpu.store(moved, 1)
            yield* kernel.mm(0).flush([0])
          },
          function* (cpu, { moved }) {
            return [yield* cpu.load(moved), yield* isOld(cpu), yield* isOld(cpu)]
          },
        ],
      }),
    reached: (_0, moved, first, second) => moved + first + second === 3,
    worse: ['the flush reaches nobody', 'stale-translation'],
  })

  trap('the old frame may be read after the new one was, where the TLB holds both', {
    run: (worse) =>
      experiment({
        machine: { spare: 1, globals: true, speculation: 1 },
        policy: flushing(worse),
        setup: [
          function* (cpu) {
            yield* cpu.setFlags(1, 0, G)
          },
          readPage0,
        ],
        cpus: [
          function* (cpu, _words, kernel) {
            yield* cpu.map(0, cpu.spare())
            yield* kernel.mm(0).flush([0])
          },
          function* (cpu) {
            return [yield* isOld(cpu), yield* isOld(cpu), yield* isOld(cpu)]
          },
        ],
      }),
    reached: (_0, first, second, third) => first === 0 && second === 1 && third === 0,
    worse: ['the flush reaches nobody', 'stale-translation'],
  })

  trap('an instruction that has its translation already may finish', {
    run: (worse) =>
      experiment({
        machine: { contents: true, pages: [0, 1] },
        policy: flushing(worse),
        *setup(cpu) {
          yield* cpu.map(1, cpu.frame(0))
        },
        cpus: [
          function* (cpu, _words, kernel) {
            yield* kernel.mm(0).clearEntry(1, 0)
            const before = (yield* cpu.read(1)).value
            yield* kernel.mm(0).flush([0])
            return [before, (yield* cpu.read(1)).value]
          },
          function* (cpu) {
            yield* cpu.write(0)
          },
        ],
      }),
    reached: (before, after) => before < after,
    worse: ['it finishes behind a flush that did not wait for it', 'stale-translation'],
  })

  trap('an NMI may use the old translation of a CPU that has not answered yet', {
    run: (worse) =>
      experiment({
        machine: { spare: 1, nmis: 1 },
        words: { moved: variable(), seen: variable() },
        policy: worse ? freeBeforeAck : nativeIpi,
        setup: warm,
        *nmi(cpu, { moved, seen }) {
          if ((yield* cpu.load(moved)) === 1 && (yield* isOld(cpu))) yield* cpu.store(seen, 1)
        },
        cpus: [
          function* (cpu, { moved }, kernel) {
            yield* cpu.map(0, cpu.spare())
            yield* cpu.store(moved, 1)
            yield* kernel.mm(0).flush([0])
          },
          idle,
        ],
        observe: (read, { seen }) => [read(seen)],
      }),
    reached: (_0, _1, seen) => seen === 1,
    worse: ['nobody waited for the answer', 'stale-translation'],
  })

  trap('whatever a CPU has cached may vanish', {
    run: (worse) =>
      experiment({
        machine: { spare: 1, eviction: true },
        words: { asked: variable() },
        policy: worse ? flushing(true) : noting(),
        setup: warm,
        cpus: [
          function* (cpu, _words, kernel) {
            yield* cpu.map(0, cpu.spare())
            yield* kernel.mm(0).flush([0])
          },
          function* (cpu, { asked }) {
            return [yield* isOld(cpu), yield* isOld(cpu), yield* cpu.load(asked)]
          },
        ],
      }),
    reached: (_0, first, second, asked) => first === 1 && second === 0 && asked === 0,
    worse: ['that it may is no reason to leave the flush out', 'stale-translation'],
  })
})
