/** After the flush: what was cached anew, what memory agrees with, what is global, and what generations may lag behind. */
import { describe } from 'vitest'
import { G, experiment, perCpu, variable, type X86 } from '../../src/experiment/index.ts'
import type { Code } from '../../src/engine/step.ts'
import type { AnyCpu } from '../../src/guest/cpu.ts'
import { definePolicy } from '../../src/policies/define.ts'
import { flushing, idle, trap, warm } from './trap.ts'

/** Whether page 0 still leads where it led at the start. */
function* isOld(cpu: X86): Code<boolean> {
  return (yield* cpu.read(0)).frame === cpu.frame(0)
}

describe('after the flush', () => {
  trap('an entry that memory agrees with again may be used', {
    run: (worse) =>
      experiment({
        machine: { spare: 1 },
        words: { done: variable() },
        policy: flushing(true),
        setup: warm,
        cpus: [
          function* (cpu, { done }, kernel) {
            yield* kernel.mm(0).clearEntry(1, 0)
            yield* kernel.mm(0).flush([0])
            yield* cpu.map(0, worse ? cpu.spare() : cpu.frame(0))
            yield* cpu.store(done, 1)
          },
          function* (cpu, { done }) {
            yield* cpu.until(done, 1)
            return yield* isOld(cpu)
          },
        ],
      }),
    reached: (_0, old) => old === 1,
    worse: ['not if the page is mapped elsewhere by now', 'stale-translation'],
  })

  trap('what was cached from memory that was mapped anew is not stale', {
    run: (worse) =>
      experiment({
        words: { done: variable() },
        policy: flushing(worse),
        setup: warm,
        cpus: [
          function* (cpu, { done }, kernel) {
            yield* kernel.mm(0).clearEntry(1, 0)
            yield* kernel.mm(0).flush([0])
            if (!worse) yield* cpu.map(0, cpu.frame(0))
            yield* cpu.store(done, 1)
          },
          function* (cpu, { done }) {
            yield* cpu.until(done, 1)
            return yield* isOld(cpu)
          },
        ],
      }),
    reached: (_0, old) => old === 1,
    worse: ['not what is left from before', 'stale-translation'],
  })

  trap('a global entry of another page survives a reload of CR3', {
    run: (worse) =>
      experiment({
        machine: { globals: true, spare: 1, pages: [0, 1] },
        words: { done: variable() },
        policy: {
          name: 'reloading',
          summary: 'Flushes by reloading CR3 everywhere',
          *flush(cpu, request) {
            yield* cpu.x86.reloadCr3()
            yield* cpu.callFunction(request.targets, request)
          },
          *flushRemote(cpu) {
            yield* cpu.x86.reloadCr3()
          },
        },
        setup: [
          function* (cpu) {
            yield* cpu.setFlags(1, 1, G)
          },
          function* (cpu) {
            yield* cpu.read(0)
            yield* cpu.read(1)
          },
        ],
        cpus: [
          function* (cpu, { done }, kernel) {
            yield* cpu.map(worse ? 1 : 0, cpu.spare())
            yield* kernel.mm(0).flush([0, 1])
            yield* cpu.store(done, 1)
          },
          function* (cpu, { done }) {
            yield* cpu.until(done, 1)
            return [yield* isOld(cpu), (yield* cpu.read(1)).frame === cpu.frame(1)]
          },
        ],
      }),
    reached: (_0, old, global) => old === 0 && global === 1,
    worse: ['it is stale if its own page was changed', 'stale-translation'],
  })

  trap('a global entry serves the next address space as well', {
    run: (worse) =>
      experiment({
        machine: { globals: true, pcids: 1, spaces: 2 },
        *setup(cpu) {
          if (!worse) yield* cpu.setFlags(1, 0, G)
          yield* cpu.read(0)
        },
        cpus: [
          function* (cpu) {
            yield* cpu.loadCr3(1, { pcid: 0, noflush: true })
            return yield* isOld(cpu)
          },
        ],
      }),
    reached: (old) => old === 1,
    worse: ['an entry that is not global must not', 'address-space-isolation'],
  })
})

describe('generations', () => {
  trap('a CPU may drop more than it was asked for, and record less than it has done', {
    run: (worse) => {
      const shared = { gen: variable({ max: 2 }), local: perCpu({ max: 2 }), lags: variable() }
      const policy = definePolicy({
        name: 'generations',
        summary: 'CPU2 skips requests of generations that it has recorded',
        shared,
        *flush(cpu, request) {
          yield* cpu.flushLocal(request)
          yield* cpu.fetchAdd(cpu.shared.gen.of(), 1)
          yield* cpu.callFunction([2], request)
        },
        *flushRemote(cpu, request) {
          const local = cpu.shared.local.of(cpu.id)
          const [own, newest] = [yield* cpu.load(local), yield* cpu.load(cpu.shared.gen.of())]
          if (own === newest) return
          if (worse) yield* cpu.flushLocal(request)
          else yield* cpu.x86.reloadCr3()
          if (own + 1 < newest) yield* cpu.store(cpu.shared.lags.of(), 1)
          yield* cpu.store(local, worse ? newest : own + 1)
        },
      })
      return experiment({
        machine: { pages: [0, 1] },
        policy,
        setup: [
          idle,
          idle,
          function* (cpu) {
            yield* cpu.read(0)
            yield* cpu.read(1)
          },
        ],
        words: { lags: variable() },
        cpus: [
          ...[0, 1].map(
            (page) =>
              function* (_cpu: X86, _words: unknown, kernel: AnyCpu): Code {
                yield* kernel.mm(0).clearEntry(1, page)
                yield* kernel.mm(0).flush([page])
              },
          ),
          function* (cpu) {
            yield* cpu.read(0)
          },
        ],
        observe: (read, { lags }) => [read(lags)],
      })
    },
    reached: (_0, _1, _2, lags) => lags === 1,
    worse: ['it must not record what it has skipped', 'stale-translation'],
  })
})
