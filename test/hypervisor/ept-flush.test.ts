/**
 * A host that takes memory away from its guest: it changes an EPT entry, makes every CPU stop using what it said before,
 * and gives the host frame to somebody else. KVM: mmu notifiers, kvm_flush_remote_tlbs.
 */
import { describe, expect, it } from 'vitest'
import type { Code } from '../../src/engine/step.ts'
import { experiment, type Experiment } from '../../src/experiment/experiment.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import type { HostCpu } from '../../src/hypervisor/host-cpu.ts'
import type { MachineConfig } from '../../src/machine/config.ts'
import { EPT_R, EPT_W } from '../../src/machine/ept-entry.ts'
import type { X86 } from '../../src/machine/x86.ts'
import { definePolicy } from '../../src/policies/define.ts'

type Flush = (host: HostCpu, others: readonly number[]) => Code

/** Flags the others, makes those that run leave the guest, and waits for them. */
const kick: Flush = function* (host, others) {
  yield* host.vmx.invept(1)
  for (const vcpu of others) yield* host.inveptAtEntry(vcpu)
  for (const vcpu of others) yield* host.kick(vcpu)
  yield* host.waitForKicks(others)
}

/** A host that unmaps or write-protects the guest frame that a hypercall names, and flushes as it is told. */
const host = (flush: Flush, order: 'flush-first' | 'free-first' = 'flush-first'): AnyPolicy =>
  definePolicy({
    name: 'host',
    summary: 'Takes frames back and flushes EPTs',
    *flush() {},
    hypercalls: {
      *unmap(cpu, frame, others) {
        yield* cpu.vmx.setEpt(frame, frame, 0)
        if (order === 'free-first') yield* cpu.vmx.freeHostFrame(frame)
        yield* cpu.vmx.flushEpt(frame, () => flush(cpu, others))
        if (order === 'flush-first') yield* cpu.vmx.freeHostFrame(frame)
        yield* cpu.vmx.reuseHostFrame(frame)
      },
      *protect(cpu, frame, others) {
        yield* cpu.vmx.clearEpt(frame, EPT_W)
        yield* cpu.vmx.flushEpt(frame, () => flush(cpu, others))
      },
    },
  })

/** CPU 0 asks the host to act on a frame; CPU 1 accesses page 0, which it has accessed before. */
const race = (
  policy: AnyPolicy,
  {
    call = 'unmap',
    frame = (cpu: X86) => cpu.frame(0),
    kind = 'read',
    machine = {},
  }: {
    call?: string
    frame?: (cpu: X86) => number
    kind?: 'read' | 'write'
    machine?: Partial<MachineConfig>
  } = {},
): Experiment =>
  experiment({
    machine: { ept: 1, vcpus: 2, ...machine },
    policy,
    cpus: [
      function* (cpu, _words, kernel) {
        yield* kernel.hypercall(call, frame(cpu), [1])
      },
      function* (cpu) {
        yield* cpu[kind](0)
        yield* cpu.invlpg(0)
        const { fault } = yield* cpu[kind](0)
        return fault ? 1 : 0
      },
    ],
  })
const broken = (found: Experiment): string[] => [...found.violations.keys()].toSorted()

describe('a host that takes a frame back', () => {
  const table = (cpu: X86): number => cpu.table(1, 0)

  it('is safe if it makes every vCPU drop the EPT before it frees', () => {
    for (const frame of [undefined, table]) {
      const found = race(host(kick), frame === undefined ? {} : { frame })
      expect(broken(found)).toEqual([])
      expect(found.reachable((_cpu, fault) => fault === 1)).toBe(true)
      expect(found.reachable((_cpu, fault) => fault === 0)).toBe(true)
    }
  })

  it('is safe with vCPUs that are preempted and moved', () => {
    const machine = { preemptions: 2, migration: true, pcpus: 3 }
    expect(broken(race(host(kick), { machine }))).toEqual([])
    // One who leaves its mappings behind finds them again: the flag was honoured on another pCPU.
    expect(broken(race(host(kick), { machine: { ...machine, keepOnMigration: true } }))).toEqual([
      'frame-lifetime',
      'stale-translation',
    ])
  })

  it('that frees before it flushes lets the guest reach memory of others', () => {
    expect(broken(race(host(kick, 'free-first')))).toEqual(['frame-lifetime'])
  })

  it('that frees a frame of which only a guest-physical mapping is left has it reached through that', () => {
    const { violations } = experiment({
      machine: { ept: 1, vcpus: 1 },
      cpus: [
        function* (cpu) {
          yield* cpu.read(0)
          yield* cpu.vmx.freeHostFrame(cpu.frame(0))
          yield* cpu.invlpg(0)
          yield* cpu.read(0)
        },
      ],
    })
    expect([...violations.values()].map(({ explanation }) => explanation)).toEqual([
      "CPU0: the access reaches the host frame that was P0's through an old translation after the host freed it",
    ])
  })

  it('that frees a guest table before it flushes has it walked', () => {
    expect(broken(race(host(kick, 'free-first'), { frame: table }))).toContain('hardware-walk')
  })

  it.each<[string, Flush]>([
    [
      'flushes only itself',
      function* (cpu) {
        yield* cpu.vmx.invept(2)
      },
    ],
    [
      'flags the others but leaves them in the guest',
      function* (cpu, others) {
        for (const vcpu of others) yield* cpu.inveptAtEntry(vcpu)
      },
    ],
    [
      'kicks the others without a flag',
      function* (cpu, others) {
        for (const vcpu of others) yield* cpu.kick(vcpu)
        yield* cpu.waitForKicks(others)
      },
    ],
    [
      'does not wait for those that it has kicked',
      function* (cpu, others) {
        for (const vcpu of others) yield* cpu.inveptAtEntry(vcpu)
        for (const vcpu of others) yield* cpu.kick(vcpu)
      },
    ],
    [
      'flushes what the guest has cached, but not guest-physical mappings',
      function* (cpu, others) {
        for (const vcpu of others) yield* cpu.flushVcpu(vcpu)
      },
    ],
  ])('that %s lets the guest use the old frame', (_what, flush) => {
    const found = broken(race(host(flush)))
    expect(found).toContain('stale-translation')
    expect(found).toContain('frame-lifetime')
  })

  it('that flushes the guest alone has its tables walked through old mappings', () => {
    const weak: Flush = function* (cpu, others) {
      for (const vcpu of others) yield* cpu.flushVcpu(vcpu)
    }
    expect(broken(race(host(weak), { frame: table }))).toContain('stale-translation')
  })
})

describe('a host that write-protects a frame', () => {
  const options = { call: 'protect', kind: 'write' } as const
  it('is safe if it flushes, and lets stores through if not', () => {
    expect(broken(race(host(kick), options))).toEqual([])
    expect(
      broken(
        race(
          host(function* () {}),
          options,
        ),
      ),
    ).toEqual(['write-protection'])
  })

  it('may be read meanwhile', () => {
    expect(
      broken(
        race(
          host(function* () {}),
          { ...options, kind: 'read' },
        ),
      ),
    ).toEqual([])
  })
})

describe('what is no violation', () => {
  it('a use of the old frame before the flush is over', () => {
    const { violations, outcomes } = experiment({
      machine: { ept: 1, vcpus: 1 },
      cpus: [
        function* (cpu) {
          yield* cpu.read(0)
          yield* cpu.vmx.setEpt(cpu.frame(0), cpu.table(1, 0), EPT_R)
          const { frame } = yield* cpu.read(0)
          yield* cpu.vmx.flushEpt(cpu.frame(0), () => cpu.vmx.invept(1))
          const after = yield* cpu.read(0)
          return (frame === cpu.frame(0) ? 10 : 0) + (after.frame === cpu.table(1, 0) ? 1 : 0)
        },
      ],
    })
    expect([outcomes, violations.size]).toEqual([[[11]], 0])
  })

  it('a use through another EPT than the one that was flushed', () => {
    const { violations, outcomes } = experiment({
      machine: { ept: 2, vcpus: 1, spare: 1 },
      cpus: [
        function* (cpu) {
          yield* cpu.vmx.loadEptp(1)
          yield* cpu.read(0)
          for (const ept of [0, 1]) yield* cpu.vmx.setEpt(cpu.frame(0), cpu.spare(), EPT_R, ept)
          yield* cpu.vmx.flushEpt(cpu.frame(0), () => cpu.vmx.invept(1, 0), 0)
          const { frame } = yield* cpu.read(0)
          return frame === cpu.frame(0) ? 1 : 0
        },
      ],
    })
    expect([outcomes, violations.size]).toEqual([[[1]], 0])
  })

  it('a mapping that was made again before it is used', () => {
    const { violations, outcomes } = experiment({
      machine: { ept: 1, vcpus: 1 },
      cpus: [
        function* (cpu) {
          yield* cpu.read(0)
          const old = yield* cpu.vmx.clearEpt(cpu.frame(0), EPT_W | EPT_R)
          yield* cpu.vmx.flushEpt(cpu.frame(0), function* () {})
          yield* cpu.vmx.setEpt(cpu.frame(0), cpu.frame(0), old & (EPT_R | EPT_W))
          const { fault } = yield* cpu.read(0)
          return fault ? 1 : 0
        },
      ],
    })
    expect([outcomes, violations.size]).toEqual([[[0]], 0])
  })
})

describe('a host frame', () => {
  it('is freed once', () => {
    const { violations } = experiment({
      machine: { ept: 1, vcpus: 1 },
      cpus: [
        function* (cpu) {
          yield* cpu.vmx.freeHostFrame(1)
          yield* cpu.vmx.freeHostFrame(1)
        },
      ],
    })
    expect([...violations.keys()]).toEqual(['free-once'])
  })
})
