/** Stores and flags: late stores that are in time, dirty flags that nobody set or nobody has to see, faults that happen once. */
import { describe } from 'vitest'
import { A, D, P, RW, US, entry, experiment, variable, type X86 } from '../../src/experiment/index.ts'
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

describe('the order of unhooking and flush', () => {
  trap('needs no fence between the store of the entry and the store of the request', {
    run: (worse) =>
      experiment({
        machine: { storeBuffer: 2, spare: 1 },
        words: { request: variable(), ack: variable() },
        setup: [
          idle,
          function* (cpu) {
            yield* cpu.read(0)
          },
        ],
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

describe('the dirty flag', () => {
  trap('may be clear when it is read, if a store that comes later still sets it or faults', {
    run: (worse) =>
      experiment({
        policy: nativeIpi,
        setup: [
          idle,
          function* (cpu) {
            yield* cpu.read(0)
          },
        ],
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
