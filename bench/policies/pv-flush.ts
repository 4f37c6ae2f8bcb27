/**
 * How a paravirtual guest flushes: a few pages by INVLPG and many by a reload of CR3 here; elsewhere, once the static key is
 * turned, many by hypercall and few by IPI, or by a flag that the host obeys at VM entry where a vCPU is preempted. A
 * flush for a collapse interrupts everybody, because software walks rely on it. After arch/x86/mm/tlb.c,
 * arch/x86/kernel/kvm.c and arch/x86/hyperv/mmu.c, as one kernel could have all of them.
 */
import { z } from 'zod'
import {
  flushVirtualAddressList,
  flushVirtualAddressSpace,
  type Code,
  type Cpu,
  type FlushRequest,
  type HostCpu,
  type Shared,
} from '../../src/index.ts'
import { perCpu, variable } from '../../src/machine/word.ts'

/** What guest and host say of a vCPU, in one byte (steal time). */
export const PREEMPTED = 1
export const FLUSH_TLB = 2
/** What the host was found to offer: it obeys flags of preempted vCPUs, it flushes by hypercall. */
export const HOST_FLAGS = 1
export const HOST_FLUSHES = 2

export const pvWords = {
  /** By vCPU, written by guest and host. */
  steal: perCpu({ max: PREEMPTED | FLUSH_TLB }),
  /** What the host offers. */
  host: variable({ max: HOST_FLAGS | HOST_FLUSHES, initial: HOST_FLAGS | HOST_FLUSHES }),
  /** The two sides of the static key: how tables are freed, and then how others are flushed. */
  rcuTables: variable(),
  paravirtual: variable(),
  /** Gathers under way in the address space (tlb_flush_pending). */
  pending: variable({ max: 7 }),
  /** By vCPU: where the IOMMU says that it is done. */
  status: perCpu(),
  /** By vCPU: what others have put off to it. */
  deferred: perCpu(),
}

export const pvOptions = z.object({
  /** A flush of more pages than this drops everything (tlb_single_page_flush_ceiling). */
  ceiling: z.number().int().min(0).default(1),
  /** How the key stands in the beginning. */
  boot: z.enum(['native', 'paravirtual']).default('paravirtual'),
})

export type PvCpu = Cpu<Shared<typeof pvWords>, z.output<typeof pvOptions>>
export type PvHost = HostCpu<Shared<typeof pvWords>>

const pagesOf = (mask: number): number => {
  let count = 0
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++
  return count
}

const isLarge = (cpu: PvCpu, { pages }: FlushRequest): boolean => pagesOf(pages) > cpu.options.ceiling

/** With PAE, the top level is in registers that only a load of CR3 by the CPU itself brings up to date. */
const needsCr3 = ({ config }: PvCpu, { freedTables }: FlushRequest): boolean => config.pdptes && freedTables

/** flush_tlb_func: what a CPU does for itself, or when another one has interrupted it. */
export function* flushHere(cpu: PvCpu, request: FlushRequest): Code {
  if (isLarge(cpu, request) || needsCr3(cpu, request)) yield* cpu.x86.reloadCr3()
  else yield* cpu.invlpg(request.pages)
}

/** flush_tlb_multi: everybody whom the request names. */
export function* flushOthers(cpu: PvCpu, request: FlushRequest): Code {
  if (request.targets.length === 0) return
  const { host, paravirtual } = cpu.shared
  const itself = request.collapse || needsCr3(cpu, request)
  if (itself || (yield* cpu.load(paravirtual.of())) === 0)
    return yield* cpu.callFunction(request.targets, request)
  const offered = yield* cpu.load(host.of())
  if (offered & HOST_FLUSHES && isLarge(cpu, request)) return yield* byHypercall(cpu, request)
  const running = offered & HOST_FLAGS ? yield* flagPreempted(cpu, request.targets) : request.targets
  if (running.length > 0) yield* cpu.callFunction(running, request)
}

/** The IOMMU walks the same tables (arch_invalidate_secondary_tlbs). */
export function* flushDevices(cpu: PvCpu, request: FlushRequest): Code {
  if (cpu.config.devices === 0) return
  // A walk to any page may be inside a table that is freed.
  const pages = request.freedTables ? 2 ** cpu.config.pages.length - 1 : request.pages
  yield* cpu.iommu.flush(request.space, { pages }, cpu.shared.status.of(cpu.id))
}

/** kvm_flush_tlb_multi: preempted vCPUs are flagged; the others are left to be interrupted. */
function* flagPreempted(cpu: PvCpu, targets: readonly number[]): Code<number[]> {
  const running: number[] = []
  for (const target of targets) {
    const steal = cpu.shared.steal.of(target)
    const seen = yield* cpu.load(steal)
    const flagged = seen & PREEMPTED && (yield* cpu.cmpxchg(steal, seen, seen | FLUSH_TLB)) === seen
    if (!flagged) running.push(target)
  }
  return running
}

/** hyperv_flush_tlb_multi: a list of pages, or the whole address space if walks to any page may be inside a freed table. */
function* byHypercall(cpu: PvCpu, request: FlushRequest): Code {
  const call = request.freedTables ? 'flush_space' : 'flush_list'
  yield* cpu.hypercall(call, request.pages, request.targets)
}

/** The host's side of both. */
export const pvHypercalls = {
  flush_list: flushVirtualAddressList,
  flush_space: flushVirtualAddressSpace,
}

/** kvm_steal_time_set_preempted: a vCPU that is marked already is left alone, so that no request is lost. */
export function* markPreempted(host: PvHost): Code {
  const steal = host.shared.steal.of(host.vcpu)
  if ((yield* host.load(steal)) === 0) yield* host.store(steal, PREEMPTED)
}

/** record_steal_time: takes the mark back and does what was asked for meanwhile. */
export function* obeyMark(host: PvHost): Code {
  const seen = yield* host.xchg(host.shared.steal.of(host.vcpu), 0)
  if (seen & FLUSH_TLB) yield* host.flushAtEntry(host.vcpu)
}
