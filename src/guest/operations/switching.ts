/**
 * Context switches. `switchMm` goes to another address space: interrupts off, own bit set in the new mask, CR3 loaded,
 * own bit cleared in the old mask. `lazyTlb` runs a kernel thread on a borrowed address space: is_lazy is set, flushes
 * of leaf entries may leave the CPU out, and on the way back a CPU that is behind flushes. arch/x86/mm/tlb.c
 * (switch_mm_irqs_off, enter_lazy_tlb).
 */
import type { Code } from '../../engine/step.ts'
import type { Cpu } from '../cpu.ts'
import { setLoaded } from '../loaded.ts'

export function* switchMm(cpu: Cpu, next: number, previous: number): Code {
  const { cpumask } = cpu.kernel
  const bit = 1 << cpu.id
  yield* cpu.cli()
  yield* cpu.fetchOr(cpumask[next], bit)
  yield* setLoaded(cpu, undefined)
  yield* cpu.loadCr3(next)
  yield* setLoaded(cpu, next)
  yield* cpu.fetchAnd(cpumask[previous], ~bit)
  yield* cpu.sti()
}

export function* lazyTlb(cpu: Cpu, space: number): Code {
  const { lazy, behind } = cpu.kernel
  const bit = 1 << cpu.id
  yield* setLoaded(cpu, undefined)
  yield* cpu.store(lazy[cpu.id], 1)
  yield* cpu.cli()
  yield* cpu.xchg(lazy[cpu.id], 0)
  if ((yield* cpu.load(behind[space])) & bit) {
    yield* cpu.fetchAnd(behind[space], ~bit)
    yield* cpu.loadCr3(space)
  }
  yield* setLoaded(cpu, space)
  yield* cpu.sti()
}
