/**
 * A policy by its parts: the guest code that a repair may add to. Each part is a generator that can be wrapped; those
 * that every kernel has exist even where the policy leaves them out. Host code (hypercalls, entry and exit of vCPUs) and
 * `boot` are left alone: what a hypervisor does is not the guest's to change.
 */
import type { Code } from '../engine/step.ts'
import type { AnyCpu } from '../guest/cpu.ts'
import type { AnyPolicy } from '../guest/policy.ts'
import type { FlushRequest } from '../guest/request.ts'

/** One run of a part: its name, the CPU that it runs on, the request that it got, its own code. */
export interface PartRun<T = number | void> {
  readonly part: string
  readonly cpu: AnyCpu
  /** Absent where the part is not about a request. */
  readonly request: FlushRequest | undefined
  readonly code: Code<T>
}

/** Parts that are handed a request. */
const WITH_REQUEST = new Set(['gather', 'flush', 'flushRemote'])
export const hasRequest = (part: string): boolean => WITH_REQUEST.has(part)

/** What is run in place of a part. */
export type Around = <T>(run: PartRun<T>) => Code<T>

function* nothing(): Code {}

/** The same policy with every part run by way of `around`, and without the claims that were made of it. */
export function aroundParts(policy: AnyPolicy, around: Around): AnyPolicy {
  const { expected: _expected, breaks: _breaks, fixedBy: _fixedBy, ...rest } = policy
  return {
    ...rest,
    gather: (cpu: AnyCpu, request) =>
      around({ part: 'gather', cpu, request, code: policy.gather?.(cpu, request) ?? nothing() }),
    flush: (cpu: AnyCpu, request, gathered) =>
      around({ part: 'flush', cpu, request, code: policy.flush(cpu, request, gathered) }),
    freeTable(cpu: AnyCpu, table, gathered) {
      const code = policy.freeTable?.(cpu, table, gathered) ?? cpu.freeTableNow(table)
      return around({ part: 'freeTable', cpu, request: undefined, code })
    },
    ...(policy.flushRemote && {
      flushRemote: (cpu: AnyCpu, request: FlushRequest) =>
        around({ part: 'flushRemote', cpu, request, code: policy.flushRemote!(cpu, request) }),
    }),
    ...(policy.finish && {
      finish: (cpu: AnyCpu, gathered: number) =>
        around({ part: 'finish', cpu, request: undefined, code: policy.finish!(cpu, gathered) }),
    }),
    ...(policy.interrupts && {
      interrupts: mapped(
        policy.interrupts,
        (handler, name) => (cpu: AnyCpu) =>
          around({ part: `interrupt ${name}`, cpu, request: undefined, code: handler(cpu) }),
      ),
    }),
    ...(policy.operations && {
      operations: mapped(policy.operations, (operation, name) => ({
        ...operation,
        run: (cpu: AnyCpu, page: number, space: number) =>
          around({ part: name, cpu, request: undefined, code: operation.run(cpu, page, space) }),
      })),
    }),
  }
}

const mapped = <T, U>(
  all: Readonly<Record<string, T>>,
  to: (each: T, name: string) => U,
): Record<string, U> => Object.fromEntries(Object.entries(all).map(([name, each]) => [name, to(each, name)]))
