/** Frames that are still used by right, and translations that others than CPUs hold. */
import { describe } from 'vitest'
import { perform } from '../../src/engine/step.ts'
import { P, experiment, frameOf, variable } from '../../src/experiment/index.ts'
import { flushBy } from '../../src/guest/flush.ts'
import { REUSE } from '../../src/machine/frames.ts'
import { nativeIpi } from '../../src/policies/index.ts'
import { pvFlush } from '../hypervisor/pv-flush.ts'
import { trap, warm } from './trap.ts'

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
        setup: warm,
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
        setup: warm,
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

  trap('a vCPU may use what the EPT said until it was made to leave its guest', {
    run: (worse) =>
      experiment({
        machine: { ept: 1 },
        words: { unmapped: variable() },
        policy: {
          ...nativeIpi,
          hypercalls: {
            *unmap(host, frame, others) {
              yield* host.vmx.setEpt(frame, frame, 0)
              yield* host.store(host.shared.unmapped.of(), 1)
              yield* host.vmx.flushEpt(frame, function* () {
                if (worse) return
                for (const vcpu of others) yield* host.inveptAtEntry(vcpu)
                for (const vcpu of others) yield* host.kick(vcpu)
                yield* host.waitForKicks(others)
              })
            },
          },
        },
        setup: warm,
        cpus: [
          function* (cpu, _words, kernel) {
            yield* kernel.hypercall('unmap', cpu.frame(0), [1])
          },
          function* (cpu, { unmapped }) {
            return [yield* cpu.load(unmapped), (yield* cpu.read(0)).fault]
          },
        ],
      }),
    reached: (_0, unmapped, fault) => unmapped === 1 && fault === 0,
    worse: ['not once the host counts on it', 'stale-translation'],
  })
})
