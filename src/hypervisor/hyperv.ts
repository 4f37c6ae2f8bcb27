/**
 * Hyper-V's flush hypercalls, with the guarantee that the TLFS gives and no more ("Virtual MMU", HvCallFlushVirtual-
 * AddressList and HvCallFlushVirtualAddressSpace, and their Ex forms): when control returns to the caller, the effects
 * of the flush are there on all named virtual processors. Nothing is promised about what a target executed: it need
 * not have taken an interrupt, left a section with interrupts off, or run at all.
 */
import type { Code } from '../engine/step.ts'
import type { HostCpu } from './host-cpu.ts'

/** Flushes a list of pages on the named virtual processors. */
export function* flushVirtualAddressList(host: HostCpu, pages: number, cpus: readonly number[]): Code {
  for (const target of cpus) yield* host.flushVcpu(target, pages)
}

/** Flushes all non-global translations on the named virtual processors. */
export function* flushVirtualAddressSpace(host: HostCpu, _pages: number, cpus: readonly number[]): Code {
  for (const target of cpus) yield* host.flushVcpu(target)
}
