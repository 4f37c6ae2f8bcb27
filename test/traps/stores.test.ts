/** Stores to a page that is being write-protected: late ones that are in time. */
import { describe } from 'vitest'
import { RW, experiment, variable, type X86 } from '../../src/experiment/index.ts'
import type { Code } from '../../src/engine/step.ts'
import { freeBeforeAck, nativeIpi } from '../../src/policies/index.ts'
import { flushing, idle, trap } from './trap.ts'

/** CPU 1 has page 0 cached for stores. */
const written = function* (cpu: X86): Code {
  yield* cpu.write(0, 0)
}
/** Page 1 is mapped to the frame of page 0. */
const aliased = function* (cpu: X86): Code {
  yield* cpu.map(1, cpu.frame(0))
}

describe('a store to a page that is being write-protected', () => {
  trap('may come before the flush completes', {
    run: (worse) =>
      experiment({
        machine: { contents: true, pages: [0, 1] },
        policy: flushing(worse),
        setup: [aliased, written],
        cpus: [
          function* (cpu, _words, kernel) {
            yield* kernel.mm(0).clearFlags(1, 0, RW)
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
    worse: ['not behind it', 'write-protection'],
  })

  trap('may be buffered until the invalidation drains it', {
    run: (worse) =>
      experiment({
        machine: { contents: true, pages: [0, 1], storeBuffer: 1 },
        words: { protects: variable() },
        policy: flushing(worse),
        setup: [aliased, written],
        cpus: [
          function* (cpu, { protects }, kernel) {
            yield* cpu.xchg(protects, 1)
            yield* kernel.mm(0).clearFlags(1, 0, RW)
            const before = (yield* cpu.read(1)).value
            yield* kernel.mm(0).flush([0])
            return [before, (yield* cpu.read(1)).value]
          },
          function* (cpu, { protects }) {
            yield* cpu.write(0)
            return yield* cpu.load(protects)
          },
        ],
      }),
    // The store had retired before anything was protected, and was not to be seen then.
    reached: (before, after, protects) => before < after && protects === 0,
    worse: ['not executed once the flush is over', 'write-protection'],
  })

  trap('may slip in while fork protects one page after the other and flushes in the end', {
    run: (worse) =>
      experiment({
        machine: { contents: true, pages: [0, 1] },
        words: { both: variable() },
        policy: worse ? freeBeforeAck : nativeIpi,
        setup: [idle, written],
        cpus: [
          function* (cpu, { both }, kernel) {
            const mm = kernel.mm(0)
            yield* mm.lock()
            yield* mm.clearFlags(1, 0, RW)
            yield* mm.clearFlags(1, 1, RW)
            yield* cpu.store(both, 1)
            yield* mm.flush([0, 1])
            yield* mm.unlock()
          },
          function* (cpu, { both }) {
            return [yield* cpu.load(both), (yield* cpu.write(0)).fault]
          },
        ],
      }),
    reached: (_0, both, fault) => both === 1 && fault === 0,
    worse: ['fork must wait for the flush', 'write-protection'],
  })

  trap('may succeed after a fault has allowed it again', {
    run: (worse) =>
      experiment({
        words: { done: variable() },
        policy: flushing(worse),
        setup: [idle, written],
        cpus: [
          function* (cpu, { done }, kernel) {
            yield* kernel.mm(0).clearFlags(1, 0, RW)
            yield* kernel.mm(0).flush([0])
            yield* cpu.store(done, 1)
          },
          function* (cpu, { done }) {
            yield* cpu.until(done, 1)
            const { fault } = yield* cpu.write(0)
            if (fault) yield* cpu.setFlags(1, 0, RW)
            return [fault, (yield* cpu.write(0)).fault]
          },
        ],
      }),
    reached: (_0, first, second) => first === 1 && second === 0,
    worse: ['not without that fault', 'write-protection'],
  })

  trap('may be visible to one who reads through an old translation with fewer rights', {
    run: (worse) =>
      experiment({
        machine: { contents: true, spare: 1 },
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
          function* (cpu, { done }, kernel) {
            if (worse) yield* kernel.copyPage(cpu.spare(), cpu.frame(0), 0)
            if (worse) yield* cpu.map(0, cpu.spare())
            else yield* cpu.setFlags(1, 0, RW)
            yield* cpu.invlpg(0)
            yield* cpu.write(0)
            yield* cpu.store(done, 1)
          },
          function* (cpu, { done }) {
            yield* cpu.until(done, 1)
            return (yield* cpu.read(0)).value
          },
        ],
      }),
    reached: (_0, value) => value === 1,
    worse: ['not if the page was copied: two frames are visible then', 'stale-copy'],
  })
})
