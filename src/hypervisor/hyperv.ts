/**
 * Hyper-V's flush hypercalls, with the guarantee that the TLFS gives and no more ("Virtual MMU", HvCallFlushVirtual-
 * AddressList and HvCallFlushVirtualAddressSpace, and their Ex forms): when control returns to the caller, the effects
 * of the flush are there on all named virtual processors. Nothing is promised about what a target executed: it need
 * not have taken an interrupt, left a section with interrupts off, or run at all. What the flags let the hypervisor
 * leave alone is left alone; a call that names no address space is about all of them.
 */
import type { Code } from '../engine/step.ts'
import type { FlushScope } from './flush-scope.ts'
import type { HostCpu } from './host-cpu.ts'
import type { HypercallInput } from './hypercall.ts'

/** HV_FLUSH_ALL_PROCESSORS: every virtual processor, whichever are named. */
export const ALL_PROCESSORS = 1 << 0
/** HV_FLUSH_ALL_VIRTUAL_ADDRESS_SPACES: every address space, whichever is named. */
export const ALL_VIRTUAL_ADDRESS_SPACES = 1 << 1
/** HV_FLUSH_NON_GLOBAL_MAPPINGS_ONLY: global translations may stay. */
export const NON_GLOBAL_MAPPINGS_ONLY = 1 << 2

/** Flushes a list of pages on the named virtual processors. */
export function* flushVirtualAddressList(
  host: HostCpu,
  pages: number,
  cpus: readonly number[],
  input: HypercallInput = {},
): Code {
  for (const target of targetsOf(host, cpus, input)) yield* host.flushVcpu(target, pages, scopeOf(input))
}

/** Flushes all translations on the named virtual processors. */
export function* flushVirtualAddressSpace(
  host: HostCpu,
  _pages: number,
  cpus: readonly number[],
  input: HypercallInput = {},
): Code {
  for (const target of targetsOf(host, cpus, input)) yield* host.flushVcpu(target, 0, scopeOf(input))
}

const targetsOf = (
  { vcpus }: HostCpu,
  cpus: readonly number[],
  { flags = 0 }: HypercallInput,
): readonly number[] => (flags & ALL_PROCESSORS ? Array.from({ length: vcpus }, (_, v) => v) : cpus)

const scopeOf = ({ flags = 0, space }: HypercallInput): FlushScope => ({
  space: flags & ALL_VIRTUAL_ADDRESS_SPACES ? undefined : space,
  keepGlobal: (flags & NON_GLOBAL_MAPPINGS_ONLY) !== 0,
})
