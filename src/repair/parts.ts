/**
 * A policy by its parts: the code that a repair may add to. Each part is a generator that can be wrapped. Parts of the
 * guest that every kernel has exist even where the policy leaves them out; parts of the host exist where the policy has
 * them. `boot` is left alone, for it runs before anybody races, and so is all code that is not the policy's.
 */
import type { Code } from '../engine/step.ts'
import type { AnyCpu } from '../guest/cpu.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import type { FlushRequest } from '../guest/request.ts'
import type { AnyHostCpu } from '../hypervisor/host-cpu.ts'

/** Who runs a part: the kernel of the guest, or its hypervisor. */
export type Side = 'guest' | 'host'

/** One run of a part: its name, the handle that its code is written with, the request that it got, its own code. */
export interface PartRun<T = number | void> {
  readonly part: string
  readonly side: Side
  /** A `HostCpu` if it is of the host's side, a `Cpu` if not. */
  readonly by: AnyCpu | AnyHostCpu
  /** Absent where the part is not about a request. */
  readonly request: FlushRequest | undefined
  readonly code: Code<T>
}

/** Parts that are handed a request. */
const WITH_REQUEST = new Set(['gather', 'flush', 'flushRemote'])
export const hasRequest = (part: string): boolean => WITH_REQUEST.has(part)

/** What is run in place of a part. */
export type Around = <T>(run: PartRun<T>) => Code<T>

type Handler = NonNullable<AnyPolicy['hypercalls']>[string]

function* nothing(): Code {}

/** The same policy with every part run by way of `around`, and without the claims that were made of it. */
export function aroundParts(policy: AnyPolicy, around: Around): AnyPolicy {
  const { expected: _expected, breaks: _breaks, fixedBy: _fixedBy, ...rest } = policy
  return {
    ...rest,
    ...aroundFlush(policy, around),
    ...aroundGuest(policy, around),
    ...aroundHost(policy, around),
  }
}

/** The way of a flush, from the gathering of what is flushed to the end of the operation. */
function aroundFlush(policy: AnyPolicy, around: Around): Partial<AnyPolicy> & Pick<AnyPolicy, 'flush'> {
  const guest = <T>(part: string, by: AnyCpu, code: Code<T>, request?: FlushRequest): Code<T> =>
    around({ part, side: 'guest', by, request, code })
  return {
    gather: (cpu: AnyCpu, request) =>
      guest('gather', cpu, policy.gather?.(cpu, request) ?? nothing(), request),
    flush: (cpu: AnyCpu, request, gathered) =>
      guest('flush', cpu, policy.flush(cpu, request, gathered), request),
    freeTable: (cpu: AnyCpu, table, gathered) =>
      guest('freeTable', cpu, policy.freeTable?.(cpu, table, gathered) ?? cpu.freeTableNow(table)),
    ...(policy.flushRemote && {
      flushRemote: (cpu: AnyCpu, request: FlushRequest) =>
        guest('flushRemote', cpu, policy.flushRemote!(cpu, request), request),
    }),
    ...(policy.finish && {
      finish: (cpu: AnyCpu, gathered: number) => guest('finish', cpu, policy.finish!(cpu, gathered)),
    }),
  }
}

/** Handlers of interrupts and NMIs, and operations of the policy's own. */
function aroundGuest(policy: AnyPolicy, around: Around): Partial<AnyPolicy> {
  const guest = <T>(part: string, by: AnyCpu, code: Code<T>): Code<T> =>
    around({ part, side: 'guest', by, request: undefined, code })
  return {
    ...(policy.nmi && { nmi: (cpu: AnyCpu) => guest('nmi', cpu, policy.nmi!(cpu)) }),
    ...(policy.interrupts && {
      interrupts: mapped(
        policy.interrupts,
        (handler, name) => (cpu: AnyCpu) => guest(`interrupt ${name}`, cpu, handler(cpu)),
      ),
    }),
    ...(policy.operations && {
      operations: mapped(policy.operations, (operation, name) => ({
        ...operation,
        run: (cpu: AnyCpu, page: number, space: number) => guest(name, cpu, operation.run(cpu, page, space)),
      })),
    }),
  }
}

/** Host sides of hypercalls, and what the host does where a vCPU enters and leaves its guest. */
function aroundHost(policy: AnyPolicy, around: Around): Partial<AnyPolicy> {
  const host = <T>(part: string, by: AnyHostCpu, code: Code<T>): Code<T> =>
    around({ part, side: 'host', by, request: undefined, code })
  const { onVcpuEntry, onVcpuExit, onEptViolation } = policy
  return {
    ...(policy.hypercalls && {
      hypercalls: mapped(
        policy.hypercalls,
        (handler, name): Handler =>
          (by, pages, cpus, input) =>
            host(`hypercall ${name}`, by, handler.call(policy.hypercalls, by, pages, cpus, input)),
      ),
    }),
    ...(onVcpuEntry && {
      onVcpuEntry: (by: AnyHostCpu) => host('onVcpuEntry', by, onVcpuEntry.call(policy, by)),
    }),
    ...(onVcpuExit && {
      onVcpuExit: (by: AnyHostCpu) => host('onVcpuExit', by, onVcpuExit.call(policy, by)),
    }),
    ...(onEptViolation && {
      onEptViolation: (by: AnyHostCpu, frame: number, kind: 'read' | 'write' | 'fetch') =>
        host('onEptViolation', by, onEptViolation.call(policy, by, frame, kind)),
    }),
  }
}

const mapped = <T, U>(
  all: Readonly<Record<string, T>>,
  to: (each: T, name: string) => U,
): Record<string, U> => Object.fromEntries(Object.entries(all).map(([name, each]) => [name, to(each, name)]))
