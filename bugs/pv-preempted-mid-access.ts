/**
 * KVM 4.16 to 5.18 (CVE-2022-39189; 6cd88243c7e0, June 2022). A guest that finds a vCPU preempted sends it no IPI: a flush
 * at its next entry will do, because nothing of it runs meanwhile. That is not so if its thread lost the pCPU while the
 * host emulated an instruction of it: the address was translated before the flush, and is accessed after it, but before
 * the entry. Since the fix, a vCPU is marked as preempted only where it left its guest between two instructions.
 */
import { definePolicy } from '../src/index.ts'
import { FLUSH_TLB, PREEMPTED, flush, shared } from './parts/kvm-pv-flush.ts'

const make = ({ broken }: { broken: boolean }) =>
  definePolicy({
    name: broken ? 'pv-preempted-mid-access' : 'pv-preempted-mid-access-fixed',
    summary: `Preempted vCPUs flush at entry, others get an IPI; ${broken ? 'all' : 'those between two instructions'} are marked as preempted`,
    expected: broken ? 'broken' : 'safe',
    ...(broken ? { breaks: 'frame-lifetime, stale-translation' } : {}),
    symmetric: true,
    shared,
    workload: ['read', 'munmap', 'emulated_write'],
    machine: { emulation: true, preemptions: 1, groups: [[0]] },
    operations: {
      emulated_write: {
        summary: 'a store that the host emulates',
        as: 'load',
        *run(cpu) {
          yield* cpu.hypercall('emulate', 0, [])
        },
      },
    },
    flush,
    *freeTable(cpu, table) {
      yield* cpu.rcuFree(table)
    },
    hypercalls: {
      *emulate(host) {
        const write = true
        if (yield* host.emulator.translate(0, { write })) yield* host.emulator.access({ write })
      },
    },
    *onVcpuExit(host) {
      if (!broken && !(yield* host.emulator.atInstructionBoundary())) return
      const word = host.shared.state.of(host.vcpu)
      if ((yield* host.load(word)) === 0) yield* host.store(word, PREEMPTED)
    },
    *onVcpuEntry(host) {
      const state = yield* host.xchg(host.shared.state.of(host.vcpu), 0)
      if (state & FLUSH_TLB) yield* host.flushAtEntry(host.vcpu)
    },
  })

export const broken = make({ broken: true })
export const fixed = make({ broken: false })
