/**
 * KVM 4.16 to 5.5 (8c6de56a42e0, January 2020; part of CVE-2019-3016). Guest and host share a byte a vCPU: the host
 * marks a vCPU that it has preempted, and a guest that finds the mark asks for a flush at the next entry, in the same
 * byte, instead of sending an IPI. A vCPU thread that lost its pCPU twice before it got back to the guest was marked
 * twice, and the second store wiped the request out. Since the fix, a vCPU that is marked already is left alone.
 */
import { definePolicy, type HostCpu, type SharedWords } from '../src/index.ts'
import { FLUSH_TLB, PREEMPTED, flush, shared } from './parts/kvm-pv-flush.ts'

const make = ({ broken }: { broken: boolean }) => {
  /** kvm_steal_time_set_preempted. */
  const setPreempted = function* (host: HostCpu<{ state: SharedWords }>) {
    const word = host.shared.state.of(host.vcpu)
    if (broken || (yield* host.load(word)) === 0) yield* host.store(word, PREEMPTED)
  }
  return definePolicy({
    name: broken ? 'pv-preempted-flag-overwritten' : 'pv-preempted-flag-overwritten-fixed',
    summary: `Preempted vCPUs flush at entry, others get an IPI; ${broken ? 'each' : 'only the first'} preemption marks a vCPU`,
    expected: broken ? 'broken' : 'safe',
    ...(broken ? { breaks: 'frame-lifetime, stale-translation, hardware-walk' } : {}),
    symmetric: true,
    shared,
    workload: ['read', 'munmap'],
    machine: { preemptions: 1, groups: [[0]] },
    flush,
    *freeTable(cpu, table) {
      yield* cpu.rcuFree(table)
    },
    onVcpuExit: setPreempted,
    *onVcpuEntry(host) {
      // The thread of the vCPU may lose its pCPU once more before it gets here.
      if ((yield* host.choose(2)) === 1) yield* setPreempted(host)
      const state = yield* host.xchg(host.shared.state.of(host.vcpu), 0)
      if (state & FLUSH_TLB) yield* host.flushAtEntry(host.vcpu)
    },
  })
}

export const broken = make({ broken: true })
export const fixed = make({ broken: false })
