/** Flags: D that nobody set or nobody has to see again, and faults for rights that are outdated. */
import { describe } from 'vitest'
import { A, D, P, RW, US, entry, experiment, variable, type X86 } from '../../src/experiment/index.ts'
import type { Code } from '../../src/engine/step.ts'
import { nativeIpi } from '../../src/policies/index.ts'
import { flushing, idle, trap, warm } from './trap.ts'

/** CPU 1 has page 0 cached for stores. */
const written = function* (cpu: X86): Code {
  yield* cpu.write(0, 0)
}

describe('the dirty flag', () => {
  trap('may be clear when it is read, if a store that comes later still sets it or faults', {
    run: (worse) =>
      experiment({
        policy: nativeIpi,
        setup: warm,
        cpus: [
          function* (cpu, _words, kernel) {
            const mm = kernel.mm(0)
            const dirty = ((yield* cpu.readEntry(1, 0)) & D) !== 0
            if (worse) yield* cpu.unmap(0)
            else yield* mm.clearEntry(1, 0)
            yield* mm.flush([0])
            yield* mm.put(cpu.frame(0))
            return dirty
          },
          function* (cpu) {
            return (yield* cpu.write(0)).fault
          },
        ],
      }),
    reached: (dirty, fault) => dirty + fault === 0,
    worse: ['the entry must be taken out in one piece', 'dirty-bit'],
  })

  trap('may be collected from an entry that stays, before the page goes', {
    run: (worse) =>
      experiment({
        policy: nativeIpi,
        setup: [idle, written],
        cpus: [
          function* (cpu, _words, kernel) {
            const mm = kernel.mm(0)
            if (worse) yield* cpu.map(0, cpu.frame(0), P | US | A)
            else yield* mm.clearFlags(1, 0, RW | D)
            yield* mm.flush([0])
            const dirty = ((yield* cpu.readEntry(1, 0)) & D) !== 0
            yield* mm.clearEntry(1, 0)
            yield* mm.flush([0])
            yield* mm.put(cpu.frame(0))
            return dirty
          },
          function* (cpu) {
            return (yield* cpu.write(0)).fault
          },
        ],
      }),
    reached: (dirty, fault) => dirty + fault === 0,
    worse: ['not overwritten', 'dirty-bit'],
  })

  trap('may be set by a store that is never executed', {
    run: () =>
      experiment({
        machine: { vcpus: 2, speculation: 1, speculativeDirty: true },
        policy: nativeIpi,
        cpus: [
          function* (cpu, _words, kernel) {
            const dirty = ((yield* cpu.readEntry(1, 0)) & D) !== 0
            yield* cpu.unmap(0)
            yield* kernel.mm(0).flush([0])
            yield* kernel.mm(0).put(cpu.frame(0))
            return dirty
          },
        ],
      }),
    reached: (dirty) => dirty === 1,
  })

  trap('may be set beside a clear R/W on a CPU that does not look twice', {
    run: (worse) =>
      experiment({
        machine: { racyDirty: true },
        policy: flushing(worse),
        setup: [
          function* (cpu) {
            yield* cpu.setEntry(1, 0, entry(cpu.frame(0), P | RW | US))
          },
          function* (cpu) {
            yield* cpu.read(0)
          },
        ],
        cpus: [
          function* (cpu, _words, kernel) {
            yield* kernel.mm(0).clearFlags(1, 0, RW)
            yield* kernel.mm(0).flush([0])
            return ((yield* cpu.readEntry(1, 0)) & (D | RW)) === D
          },
          function* (cpu) {
            yield* cpu.write(0)
          },
        ],
      }),
    reached: (odd) => odd === 1,
    worse: ['the flush must reach that CPU all the same', 'write-protection'],
  })
})

describe('a fault for outdated rights', () => {
  const upgraded = (downgradesAgain: boolean): ReturnType<typeof experiment> =>
    experiment({
      words: { done: variable() },
      setup: [
        function* (cpu) {
          yield* cpu.clearFlags(1, 0, RW)
        },
        function* (cpu) {
          yield* cpu.read(0)
        },
      ],
      cpus: [
        function* (cpu, { done }) {
          yield* cpu.setFlags(1, 0, RW)
          yield* cpu.store(done, 1)
          if (downgradesAgain) yield* cpu.clearFlags(1, 0, RW)
        },
        function* (cpu, { done }) {
          yield* cpu.until(done, 1)
          return [(yield* cpu.write(0)).fault, (yield* cpu.write(0)).fault]
        },
      ],
    })

  trap('happens once', {
    run: () => upgraded(false),
    reached: (_0, first, second) => first === 1 && second === 0,
    never: (_0, _first, second) => second === 1,
  })

  trap('happens twice if somebody takes the right away in between', {
    run: () => upgraded(true),
    reached: (_0, first, second) => first + second === 2,
  })
})
