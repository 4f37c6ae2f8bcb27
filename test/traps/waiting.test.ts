/** Waits that end, frames that are held, and others than CPUs: handlers, vCPUs, emulators, devices. */
import { describe } from 'vitest'
import { perform, type Code } from '../../src/engine/step.ts'
import { P, experiment, frameOf, variable, type Word, type X86 } from '../../src/experiment/index.ts'
import type { AnyCpu } from '../../src/guest/cpu.ts'
import { flushBy } from '../../src/guest/flush.ts'
import { REUSE } from '../../src/machine/frames.ts'
import { flushNobody, hypervSpace, nativeIpi } from '../../src/policies/index.ts'
import { pvFlush } from '../hypervisor/pv-flush.ts'
import { idle, noting, trap } from './trap.ts'

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
        setup: [
          idle,
          function* (cpu) {
            yield* cpu.read(0)
          },
        ],
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

describe('a frame that was unmapped', () => {
  trap('may be reused under a translation that nobody can use before it is dropped', {
    run: (worse) =>
      experiment({
        machine: { speculation: 1 },
        words: { acked: variable(), reused: variable(), seen: variable() },
        policy: {
          name: 'early-ack',
          summary: 'Targets answer before they invalidate',
          *flush(cpu, request) {
            yield* cpu.flushLocal(request)
            yield* cpu.sendIpi(1, 'early')
            yield* cpu.until(cpu.shared.acked.of(), 1)
          },
        },
        interrupts: {
          *early(cpu, { acked, reused, seen }) {
            yield* cpu.store(acked, 1)
            if (worse) yield* cpu.read(0)
            yield* cpu.store(seen, yield* cpu.load(reused))
            yield* cpu.invlpg(0)
          },
        },
        setup: [
          idle,
          function* (cpu) {
            yield* cpu.read(0)
          },
        ],
        cpus: [
          function* (cpu, { reused }, kernel) {
            const frame = yield* kernel.mm(0).clearEntry(1, 0)
            yield* kernel.mm(0).flush([0])
            yield* kernel.put(frame)
            yield* perform(REUSE)
            yield* cpu.store(reused, 1)
          },
          function* (cpu) {
            yield* cpu.read(0)
          },
        ],
        observe: (read, { seen }) => [read(seen)],
      }),
    reached: (_0, _1, seen) => seen === 1,
    worse: ['the handler must not touch user memory in between', 'frame-lifetime'],
  })

  trap('may be used through a reference that was taken in time', {
    run: (worse) =>
      experiment({
        machine: { pages: [0, 1] },
        words: { done: variable() },
        policy: nativeIpi,
        setup: [
          function* (cpu) {
            yield* cpu.map(1, cpu.frame(0))
          },
          function* (cpu) {
            yield* cpu.read(1)
          },
        ],
        cpus: [
          function* (cpu, { done }, kernel) {
            const frame = yield* kernel.mm(0).clearEntry(1, 0)
            yield* kernel.mm(0).flush([0])
            yield* kernel.put(frame)
            yield* cpu.store(done, 1)
          },
          function* (cpu, { done }, kernel) {
            yield* cpu.cli()
            const pte = yield* cpu.readEntry(1, 0)
            const got = (pte & P) !== 0 && (worse || (yield* kernel.tryGet(frameOf(pte))))
            yield* cpu.sti()
            if (!got) return 0
            yield* cpu.until(done, 1)
            const { frame } = yield* cpu.read(1)
            if (!worse) yield* kernel.put(frame)
            return frame === frameOf(pte)
          },
        ],
      }),
    reached: (_0, used) => used === 1,
    worse: ['a look at its entry is no reference', 'frame-lifetime'],
  })

  trap('may be used while it only waits on a list to be given back', {
    run: (worse) =>
      experiment({
        words: { listed: variable() },
        policy: nativeIpi,
        setup: [
          idle,
          function* (cpu) {
            yield* cpu.read(0)
          },
        ],
        cpus: [
          function* (cpu, { listed }, kernel) {
            const frame = yield* kernel.mm(0).clearEntry(1, 0)
            if (worse) yield* kernel.put(frame)
            yield* cpu.store(listed, 1)
            yield* kernel.mm(0).flush([0])
            if (!worse) yield* kernel.put(frame)
          },
          function* (cpu, { listed }) {
            return [yield* cpu.load(listed), (yield* cpu.read(0)).fault]
          },
        ],
      }),
    reached: (_0, listed, fault) => listed === 1 && fault === 0,
    worse: ['not once the allocator has it', 'frame-lifetime'],
  })
})

describe('somebody else’s translation', () => {
  trap('an emulator may finish its store before the flush completes', {
    run: (worse) =>
      experiment({
        machine: { preemptions: 1, emulation: true, contents: true, pages: [0, 1] },
        policy: pvFlush(worse ? 'mid-emulation' : undefined),
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
          function* (_cpu, _words, kernel) {
            yield* kernel.hypercall('emulate', 0, [])
          },
        ],
      }),
    reached: (before, after) => before < after,
    worse: ['its vCPU must not count as one that does not run', 'stale-translation'],
  })

  trap('a device may use the old frame until the IOMMU has answered', {
    run: (worse) =>
      experiment({
        machine: { spare: 1 },
        words: { moved: variable(), status: variable() },
        cpus: [
          function* (cpu, { moved, status }) {
            yield* cpu.map(0, cpu.spare())
            yield* cpu.store(moved, 1)
            if (worse) yield* flushBy(0, 1, cpu.invlpg(0))
            else yield* flushBy(0, 1, cpu.iommu.flush(0, { pages: 1 }, status))
          },
        ],
        devices: [
          function* (device, { moved }) {
            const first = yield* device.read(0)
            const late = yield* device.load(moved)
            const { frame } = yield* device.read(0)
            return late === 1 && frame === first.frame ? frame : 0
          },
        ],
      }),
    reached: (_0, frame) => frame > 0,
    worse: ['INVLPG is none of its business', 'stale-translation'],
  })
})
