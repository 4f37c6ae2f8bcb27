/**
 * Xen's flush for a set of vCPUs: every target is flagged (it gets a new tag, so its old translations are unusable
 * from its next VM entry on), and those that run on a pCPU are made to leave guest mode and enter again, waited for.
 * Vcpus that do not run need nothing more. xen/arch/x86/mm/hap/hap.c (flush_tlb), hvm_asid_flush_vcpu.
 */
import type { Code } from '../engine/step.ts'
import type { HostCpu } from './host-cpu.ts'

export function* xenFlushTlb(host: HostCpu, _pages: number, cpus: readonly number[]): Code {
  const kicked: number[] = []
  for (const target of cpus) {
    yield* host.flushAtEntry(target)
    if (target === host.vcpu || !(yield* host.isRunning(target))) continue
    yield* host.kick(target)
    kicked.push(target)
  }
  if (kicked.length > 0) yield* host.waitForKicks(kicked)
}
