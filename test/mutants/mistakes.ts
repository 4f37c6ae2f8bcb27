/** Policies and guest operations with one mistake each, and what catches it. */
import { perform, type Code } from '../../src/engine/step.ts'
import { flushTlbRange } from '../../src/guest/flush.ts'
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { decodeRequest, makeRequest, pageMask, type FlushRequest } from '../../src/guest/request.ts'
import type { HostCpu } from '../../src/hypervisor/host-cpu.ts'
import { PUT } from '../../src/machine/frames.ts'
import { CLEAR_ENTRY, place } from '../../src/machine/table-ops.ts'
import { hypervRcu, nativeIpi, xenRcu } from '../../src/policies/index.ts'
import { framesOf, withOwn } from '../invariants/scenarios.ts'
import type { Mutant } from './mutant.ts'

export type Mistake = Omit<Mutant, 'breakage'>

const native: AnyPolicy = nativeIpi
const on = (op: string, page = 0): { op: string; page: number } => ({ op, page })
export const own = { op: 'own' }
const flushing = (policy: AnyPolicy, flush: AnyPolicy['flush']): AnyPolicy => ({ ...policy, flush })
const less = (request: FlushRequest, targets: readonly number[]): FlushRequest =>
  makeRequest(request.space, request.pages, request, targets)

/** munmap of page 0, in an order that the caller decides. */
export const unmapping = (
  order: (steps: Record<'clear' | 'unhook' | 'flush' | 'put' | 'free', () => Code<unknown>>) => Code,
): AnyPolicy =>
  withOwn(function* (cpu) {
    const { page, table } = framesOf(cpu, 0)
    const root = cpu.config.levels
    yield* order({
      clear: () => perform(CLEAR_ENTRY, table, place(1, 0)),
      unhook: () => perform(CLEAR_ENTRY, 1, place(root, 0)),
      flush: () => flushTlbRange(cpu, 0, pageMask(cpu.config, 0), { freedTables: true }, 0),
      put: () => perform(PUT, page),
      free: () => cpu.policy.freeTable(cpu, table, 0),
    })
  })

export const mistakes: readonly Mistake[] = [
  { name: 'nobody is flushed', by: flushing(nativeIpi, function* () {}), breaks: 'software-walk' },
  {
    name: 'the initiator does not flush itself',
    by: flushing(nativeIpi, function* (cpu, request) {
      yield* cpu.callFunction(request.targets, request)
    }),
    breaks: 'frame-lifetime',
    workloads: [[[on('read'), on('munmap'), on('read')], []]],
  },
  {
    name: 'the first target is left out',
    by: flushing(nativeIpi, (cpu, request) => native.flush(cpu, less(request, request.targets.slice(1)), 0)),
    breaks: 'software-walk',
    bounds: { vcpus: 3 },
  },
  {
    name: 'one page of several is flushed',
    by: flushing(nativeIpi, (cpu, request) =>
      native.flush(
        cpu,
        {
          ...decodeRequest(makeRequest(request.space, request.pages & -request.pages, request, []).code),
          targets: request.targets,
        },
        0,
      ),
    ),
    breaks: 'stale-translation',
    bounds: { groups: [[2, 3]] },
    workloads: [[[on('collapse', 2)], [on('read', 3), on('read', 3)]]],
  },
  {
    name: 'tables wait for RCU, but nobody flushes',
    by: flushing(hypervRcu, function* () {}),
    breaks: 'stale-translation',
  },
  {
    name: 'only the running vCPUs are flushed',
    by: {
      ...hypervRcu,
      hypercalls: {
        *HvFlushVirtualAddressList(host: HostCpu, pages: number, cpus: readonly number[]) {
          for (const target of cpus) if (yield* host.isRunning(target)) yield* host.flushVcpu(target, pages)
        },
      },
    },
    breaks: 'stale-translation',
    bounds: { preemptions: 1 },
  },
  {
    name: 'the flags are set after the kicks',
    by: {
      ...xenRcu,
      hypercalls: {
        *XenFlushTlbMulti(host: HostCpu, _pages: number, cpus: readonly number[]) {
          for (const target of cpus) if (target !== host.vcpu) yield* host.kick(target)
          yield* host.waitForKicks(cpus)
          for (const target of cpus) yield* host.flushAtEntry(target)
        },
      },
    },
    breaks: 'stale-translation',
  },
  {
    name: 'the page is freed before the flush',
    by: unmapping(function* ({ clear, put, unhook, flush, free }) {
      yield* clear()
      yield* put()
      yield* unhook()
      yield* flush()
      yield* free()
    }),
    breaks: 'frame-lifetime',
    workloads: [[[own], [on('read')]]],
  },
  {
    name: 'the table is freed before the flush',
    by: unmapping(function* ({ clear, unhook, free, flush, put }) {
      yield* clear()
      yield* unhook()
      yield* free()
      yield* flush()
      yield* put()
    }),
    breaks: 'hardware-walk',
    workloads: [[[own], [on('read')]]],
  },
  {
    name: 'the table is unhooked after the flush, and not flushed again',
    by: unmapping(function* ({ clear, flush, unhook, free, put }) {
      yield* clear()
      yield* flush()
      yield* unhook()
      yield* free()
      yield* put()
    }),
    breaks: 'hardware-walk',
    workloads: [[[own], [on('read')]]],
  },
  {
    name: 'the table is never unhooked',
    by: unmapping(function* ({ clear, flush, free, put }) {
      yield* clear()
      yield* flush()
      yield* free()
      yield* put()
    }),
    breaks: 'hardware-walk',
    workloads: [[[own], [on('read')]]],
  },
]
