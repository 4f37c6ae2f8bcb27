/** Waits that end: for interrupts that are off, for vCPUs that do not run, for each other. */
import { describe } from 'vitest'
import { type Code } from '../../src/engine/step.ts'
import { experiment, variable, type Word, type X86 } from '../../src/experiment/index.ts'
import type { AnyCpu } from '../../src/guest/cpu.ts'
import { flushNobody, hypervSpace, nativeIpi } from '../../src/policies/index.ts'
import { noting, trap, warm } from './trap.ts'

describe('a wait', () => {
  trap('for a long section with interrupts off is no deadlock', {
    run: (worse) =>
      experiment({
        words: { inside: variable(), done: variable() },
        policy: nativeIpi,
        cpus: [
          function* (cpu, { inside, done }, kernel) {
            const before = yield* cpu.load(inside)
            yield* kernel.mm(0).flush([0])
            yield* cpu.store(done, 1)
            return [before, yield* cpu.load(inside)]
          },
          function* (cpu, { inside, done }) {
            yield* cpu.cli()
            yield* cpu.store(inside, 1)
            for (const page of [0, 0, 0]) yield* cpu.read(page)
            if (worse) yield* cpu.until(done, 1)
            yield* cpu.store(inside, 0)
            yield* cpu.sti()
          },
        ],
      }),
    reached: (before, after) => before === 1 && after === 0,
    worse: ['that section must not wait in turn', 'deadlock'],
  })

  trap('for a vCPU that is preempted is no deadlock', {
    run: (worse) =>
      experiment({
        machine: { pcpus: 1, preemptions: 2 },
        words: { asked: variable(), done: variable() },
        policy: noting(),
        cpus: [
          function* (cpu, { asked, done }, kernel) {
            const before = yield* cpu.load(asked)
            yield* kernel.mm(0).flush([0])
            yield* cpu.store(done, 1)
            return [before, yield* cpu.load(asked)]
          },
          function* (cpu, { done }) {
            yield* cpu.cli()
            if (worse) yield* cpu.until(done, 1)
            yield* cpu.sti()
          },
        ],
      }),
    // One physical CPU: whoever flushes knows that the other does not run.
    reached: (before, after) => before === 0 && after === 1,
    worse: ['it is if the vCPU waits with interrupts off', 'deadlock'],
  })

  trap('of two CPUs for each other is no deadlock while they take interrupts', {
    run: (worse) => {
      function* asksTheOther(cpu: X86, { both, most }: Record<'both' | 'most', Word>, kernel: AnyCpu): Code {
        if (worse) yield* cpu.cli()
        if ((yield* cpu.fetchAdd(both, 1)) === 1) yield* cpu.store(most, 1)
        yield* kernel.mm(0).flush([0])
        yield* cpu.fetchAdd(both, -1)
        if (worse) yield* cpu.sti()
      }
      return experiment({
        words: { both: variable({ max: 2 }), most: variable() },
        policy: nativeIpi,
        cpus: [asksTheOther, asksTheOther],
        observe: (read, { most }) => [read(most)],
      })
    },
    reached: (_0, _1, most) => most === 1,
    worse: ['not both with interrupts off', 'deadlock'],
  })

  trap('for a hypercall tells nothing about where the other CPU is', {
    run: (worse) =>
      experiment({
        machine: { spare: 1 },
        words: { inside: variable() },
        policy: worse ? flushNobody : hypervSpace,
        setup: warm,
        cpus: [
          function* (cpu, { inside }, kernel) {
            yield* cpu.map(0, cpu.spare())
            const before = yield* cpu.load(inside)
            yield* kernel.mm(0).flush([0])
            return [before, yield* cpu.load(inside)]
          },
          function* (cpu, { inside }) {
            yield* cpu.cli()
            yield* cpu.store(inside, 1)
            yield* cpu.read(0)
            yield* cpu.store(inside, 0)
            yield* cpu.sti()
          },
        ],
      }),
    reached: (before, after) => before + after === 2,
    worse: ['it must have flushed that CPU', 'stale-translation'],
  })
})
