/** Emulation in the host: a translated address that the host holds is a cached translation that no flush reaches. */
import { describe, expect, it } from 'vitest'
import type { Code } from '../../src/engine/step.ts'
import { experiment, type Experiment } from '../../src/experiment/experiment.ts'
import type { ExperimentOptions } from '../../src/experiment/options.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { munmap } from '../../src/guest/operations/munmap.ts'
import type { HostCpu } from '../../src/hypervisor/host-cpu.ts'
import type { MachineConfig } from '../../src/machine/config.ts'
import { A, D, P, RW, US, entry } from '../../src/machine/entry.ts'
import { EPT_RWX } from '../../src/machine/ept-entry.ts'
import type { SharedDeclaration } from '../../src/machine/word.ts'
import { definePolicy } from '../../src/policies/define.ts'

/** A host that emulates a store in two steps; `flush` is what it does when it is asked to flush others. */
const emulating = (flush: (host: HostCpu, cpus: readonly number[]) => Code): AnyPolicy =>
  definePolicy({
    name: 'emulating',
    summary: 'Emulates stores',
    *flush(cpu, request) {
      yield* cpu.flushLocal(request)
      yield* cpu.hypercall('flush', request.pages, request.targets)
    },
    hypercalls: {
      *emulate(host) {
        if (!(yield* host.emulator.translate(0, { write: true }))) return 1
        yield* host.emulator.access({ write: true, value: 7 })
        return 0
      },
      *flush(host, _pages, cpus) {
        yield* flush(host, cpus)
      },
      *busy(host) {
        yield* host.emulator.translate(0)
        return 0
      },
      *nothing() {},
    },
  })
const atOnce = emulating(function* (host, cpus) {
  for (const vcpu of cpus) yield* host.flushVcpu(vcpu)
})

type Bare = ExperimentOptions<Record<string, SharedDeclaration>>['cpus'][number]

describe('an emulated store', () => {
  const one = (program: Bare, machine: Partial<MachineConfig>): Experiment =>
    experiment({ machine, policy: atOnce, cpus: [program] })
  const alone = (machine: Partial<MachineConfig>, program: Bare): Experiment =>
    one(program, { vcpus: 1, emulation: true, contents: true, spare: 1, ...machine })

  it('reaches the frame that the guest tables give, and sets A and D there', () => {
    const { outcomes, violations } = alone({}, function* (cpu, _words, kernel) {
      yield* cpu.setEntry(1, 0, entry(cpu.frame(0), P | RW | US))
      const failed = yield* kernel.hypercall('emulate', 0, [])
      const flags = (yield* cpu.readEntry(1, 0)) & (A | D)
      return failed * 1000 + (flags === (A | D) ? 100 : 0) + (yield* cpu.read(0)).value
    })
    expect([outcomes, violations.size]).toEqual([[[107]], 0])
  })

  it('reaches the host frame that the EPT gives', () => {
    const { outcomes } = alone({ ept: 1 }, function* (cpu, _words, kernel) {
      yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_RWX)
      yield* kernel.hypercall('emulate', 0, [])
      const { frame, value } = yield* cpu.read(0)
      return (frame === cpu.spare() ? 100 : 0) + value
    })
    expect(outcomes).toEqual([[107]])
  })

  it('fails where the guest may not store, or the EPT has nothing', () => {
    const guest = alone({}, function* (cpu, _words, kernel) {
      yield* cpu.clearFlags(1, 0, RW)
      return yield* kernel.hypercall('emulate', 0, [])
    })
    const unmapped = alone({}, function* (cpu, _words, kernel) {
      yield* cpu.setEntry(1, 0, 0)
      return yield* kernel.hypercall('emulate', 0, [])
    })
    const host = alone({ ept: 1 }, function* (cpu, _words, kernel) {
      yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), 0)
      return yield* kernel.hypercall('emulate', 0, [])
    })
    for (const { outcomes } of [guest, unmapped, host]) expect(outcomes).toEqual([[1]])
  })

  it('uses no TLB: it goes by the tables of the moment', () => {
    const { outcomes } = alone({}, function* (cpu, _words, kernel) {
      yield* cpu.read(0)
      yield* cpu.setEntry(1, 0, entry(cpu.spare(), P | RW | US))
      yield* kernel.hypercall('emulate', 0, [])
      const old = (yield* cpu.read(0)).value
      yield* cpu.invlpg(0)
      return old * 10 + (yield* cpu.read(0)).value
    })
    expect(outcomes).toEqual([[7]])
  })

  it('needs the feature', () => {
    expect(() => one((_cpu, _words, kernel) => kernel.hypercall('emulate', 0, []), { vcpus: 1 })).toThrow(
      'Emulation is not there: the machine\'s feature "emulation" is off.',
    )
  })
})

describe('a translation that the host holds', () => {
  const against = (policy: AnyPolicy, call: string, machine: Partial<MachineConfig> = {}): string[] => {
    const { violations } = experiment({
      machine: { vcpus: 2, emulation: true, ...machine },
      policy,
      cpus: [
        function* (_cpu, _words, kernel) {
          yield* munmap(kernel, 0, 0)
        },
        function* (_cpu, _words, kernel) {
          yield* kernel.hypercall(call, 0, [])
          yield* kernel.hypercall('nothing', 0, [])
        },
      ],
    })
    return [...violations.keys()].toSorted()
  }

  it('is one that a flush hypercall does not take away', () => {
    expect(against(atOnce, 'emulate')).toEqual(['frame-lifetime', 'stale-translation'])
  })

  it('is taken away if the flush waits for the host code of its target', () => {
    const patient = emulating(function* (host, cpus) {
      for (const vcpu of cpus) yield* host.flushVcpu(vcpu)
      yield* host.emulator.waitFor(cpus)
    })
    expect(against(patient, 'emulate')).toEqual([])
    expect(against(patient, 'emulate', { preemptions: 1 })).toEqual([])
  })

  it('harms nobody if it is not used', () => {
    expect(against(atOnce, 'busy')).toEqual([])
  })
})
