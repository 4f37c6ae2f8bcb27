/**
 * The vocabulary of repairs: what kernels, and the hypervisors beneath them, insert when a flush protocol turns out to be
 * broken. Each word is code of a few steps over the handle that policies are written with, the guest's or the host's.
 * Most are inserted between steps; one takes the place of a step. What no word says: that code becomes an RCU reader or
 * is put under a lock, that something is asked before something else is done, that steps change places.
 */
import { perform, type Code, type Op, type Step } from '../engine/step.ts'
import type { AnyCpu } from '../guest/cpu.ts'
import { requestFor } from '../guest/flush.ts'
import type { FlushRequest } from '../guest/request.ts'
import { AWAIT_ACK } from '../guest/smp.ts'
import type { AnyHostCpu } from '../hypervisor/host-cpu.ts'
import { FREE_TABLE } from '../machine/frames.ts'

/** What sort of cure a word is: two cures are alike if their words are of the same kinds. */
export const REPAIR_KINDS = [
  'rcu',
  'barrier',
  'flush',
  'ack',
  'ipi',
  'interrupts',
  'host-flush',
  'host-ipi',
] as const
export type RepairKind = (typeof REPAIR_KINDS)[number]

/** What a word finds where it is put. */
export interface WordContext {
  /** The request of the flush; absent from parts that have none. */
  readonly request: FlushRequest | undefined
  /** The step whose place it takes. */
  readonly step: Step | undefined
}

interface AnyWord {
  readonly name: string
  readonly kind: RepairKind
  /** What is done, as the beginning of a sentence. */
  readonly sentence: string
  /** True if it can only be said where there is a request. */
  readonly needsRequest?: boolean
  /** The operation that it takes the place of; without one it is inserted between steps. */
  readonly replaces?: Op
}

/** A word for the code of the guest. */
export interface GuestWord extends AnyWord {
  readonly side?: 'guest'
  /** What is done; what it returns is the result of the step that it replaces. */
  code(cpu: AnyCpu, context: WordContext): Code<number | void>
}

/** A word for host code: hypercalls, and the hooks of VM entry and exit. */
export interface HostWord extends AnyWord {
  readonly side: 'host'
  code(host: AnyHostCpu, context: WordContext): Code<number | void>
}

export type RepairWord = GuestWord | HostWord

export const vocabulary: readonly RepairWord[] = [
  {
    name: 'free-by-rcu',
    kind: 'rcu',
    sentence: 'free the table by RCU (call_rcu)',
    replaces: FREE_TABLE,
    code: (cpu, { step }) => cpu.rcuFree(step!.a),
  },
  {
    name: 'synchronize-rcu',
    kind: 'rcu',
    sentence: 'wait for a grace period (synchronize_rcu)',
    code: (cpu) => cpu.synchronizeRcu(),
  },
  {
    name: 'barrier',
    kind: 'barrier',
    sentence: 'put a full memory barrier (smp_mb)',
    code: (cpu) => cpu.mfence(),
  },
  {
    name: 'flush-local',
    kind: 'flush',
    sentence: 'flush the pages of the request on this CPU',
    needsRequest: true,
    code: (cpu, { request }) => cpu.flushLocal(request!),
  },
  {
    name: 'flush-all-local',
    kind: 'flush',
    sentence: 'flush all pages on this CPU',
    code: (cpu) => cpu.invlpg(2 ** cpu.config.pages.length - 1),
  },
  {
    name: 'await-acks',
    kind: 'ack',
    sentence: 'wait until every CPU has acknowledged what this one has sent',
    *code(cpu) {
      const slots = cpu.kernel.slots[cpu.id]
      for (const other of cpu.others()) yield* perform(AWAIT_ACK, slots[other].at, -1, 0)
    },
  },
  {
    name: 'flush-by-ipi',
    kind: 'ipi',
    sentence: 'flush the pages of the request on its targets by IPI, and wait for all',
    needsRequest: true,
    code: (cpu, { request }) => cpu.callFunction(request!.targets, request!),
  },
  {
    name: 'sync-by-ipi',
    kind: 'ipi',
    sentence: 'send an empty IPI to all other CPUs, and wait for all (tlb_remove_table_sync_one)',
    code: (cpu) => cpu.syncByIpi(cpu.others()),
  },
  {
    name: 'flush-all-by-ipi',
    kind: 'ipi',
    sentence: 'flush all pages on all CPUs by IPI, and wait for all (flush_tlb_all)',
    *code(cpu) {
      const pages = 2 ** cpu.config.pages.length - 1
      yield* cpu.invlpg(pages)
      yield* cpu.callFunction(cpu.others(), requestFor(cpu, 0, pages, { freedTables: true }))
    },
  },
  {
    name: 'interrupts-on',
    kind: 'interrupts',
    sentence: 'turn interrupts on (local_irq_enable)',
    code: (cpu) => cpu.sti(),
  },
  {
    name: 'flush-at-entry',
    side: 'host',
    kind: 'host-flush',
    sentence: 'have the host flush this vCPU before it enters its guest (KVM_REQ_TLB_FLUSH)',
    code: (host) => host.flushAtEntry(host.vcpu),
  },
  {
    name: 'kick-others',
    side: 'host',
    kind: 'host-ipi',
    sentence: 'have the host kick all other vCPUs out of their guest, and wait for their exits',
    *code(host) {
      const others = Array.from({ length: host.vcpus }, (_, v) => v).filter((v) => v !== host.vcpu)
      for (const other of others) yield* host.kick(other)
      yield* host.waitForKicks(others)
    },
  },
]
