/**
 * loaded_mm, where there are NMIs: which address space a CPU has loaded, or that an NMI handler must not rely on any.
 * A switch brackets MOV to CR3 with that (LOADED_MM_SWITCHING), a kernel thread in lazy mode has no space of its own.
 * arch/x86/mm/tlb.c (switch_mm_irqs_off, nmi_uaccess_okay).
 */
import type { Code } from '../engine/step.ts'
import type { Cpu } from './cpu.ts'

/** Notes what this CPU has loaded from now on; `undefined` for nothing that a handler may rely on. */
export function* setLoaded(cpu: Cpu, space: number | undefined): Code {
  if (cpu.config.nmis > 0) yield* cpu.store(cpu.kernel.loaded[cpu.id], space === undefined ? 0 : space + 1)
}

/** True if an NMI handler may access user memory (nmi_uaccess_okay). */
export function* nmiUaccessOkay(cpu: Cpu): Code<boolean> {
  return (yield* cpu.load(cpu.kernel.loaded[cpu.id])) !== 0
}
