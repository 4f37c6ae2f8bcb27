/**
 * KVM's paravirtual TLB flush: a byte a vCPU that guest and host share says whether the vCPU is preempted, and whether it
 * must flush before it next enters the guest. Linux arch/x86/kernel/kvm.c (kvm_flush_tlb_multi), arch/x86/kvm/x86.c
 * (kvm_steal_time_set_preempted, record_steal_time). Each `mistake` is one change of the real protocol.
 */
import type { AnyPolicy } from '../../src/guest/policy.ts'
import { perCpu } from '../../src/machine/word.ts'
import { definePolicy } from '../../src/policies/define.ts'

const PREEMPTED = 1
const FLUSH_TLB = 2

export type Mistake =
  /** The guest stores the flag instead of a compare-and-exchange. */
  | 'guest-stores'
  /** The host reads the byte and clears it in two steps. */
  | 'host-stores'
  /** The host takes the byte but does not flush for it. */
  | 'host-forgets'
  /** A vCPU that is marked as preempted is marked anew, flag or not (before 8c6de56a42e0). */
  | 'overwrites'
  /** A vCPU is marked as preempted in the middle of an emulated instruction (before 6cd88243c7e0). */
  | 'mid-emulation'

export function pvFlush(mistake?: Mistake): AnyPolicy {
  const shared = { state: perCpu({ max: 3 }) }
  return definePolicy({
    name: mistake === undefined ? 'kvm-pv' : `kvm-pv-${mistake}`,
    summary: 'Preempted vCPUs are flagged and flush before their next entry; others get an IPI',
    shared,
    *flush(cpu, request) {
      yield* cpu.flushLocal(request)
      const rest: number[] = []
      for (const target of request.targets) {
        const word = cpu.shared.state.of(target)
        const state = yield* cpu.load(word)
        if ((state & PREEMPTED) === 0) rest.push(target)
        else if (mistake === 'guest-stores') yield* cpu.store(word, state | FLUSH_TLB)
        else if ((yield* cpu.cmpxchg(word, state, state | FLUSH_TLB)) !== state) rest.push(target)
      }
      if (rest.length > 0) yield* cpu.callFunction(rest, request)
    },
    *freeTable(cpu, table) {
      yield* cpu.rcuFree(table)
    },
    *onVcpuExit(host) {
      const word = host.shared.state.of(host.vcpu)
      if (
        mistake !== 'mid-emulation' &&
        mistake !== 'overwrites' &&
        !(yield* host.emulator.atInstructionBoundary())
      )
        return
      if (mistake !== 'overwrites' && (yield* host.load(word)) !== 0) return
      yield* host.store(word, PREEMPTED)
    },
    *onVcpuEntry(host) {
      const word = host.shared.state.of(host.vcpu)
      let state: number
      if (mistake === 'host-stores') {
        state = yield* host.load(word)
        yield* host.store(word, 0)
      } else state = yield* host.xchg(word, 0)
      if (state & FLUSH_TLB && mistake !== 'host-forgets') yield* host.flushAtEntry(host.vcpu)
    },
    hypercalls: {
      *emulate(host) {
        if (yield* host.emulator.translate(0, { write: true })) yield* host.emulator.access({ write: true })
      },
      *work(host) {
        yield* host.isRunning(host.vcpu)
      },
    },
    operations: {
      emulate: {
        summary: 'a store that the host emulates',
        *run(cpu) {
          yield* cpu.hypercall('emulate', 0, [])
        },
      },
      exit: {
        summary: 'an exit to the host, and an access behind it',
        *run(cpu) {
          yield* cpu.access(0, 'read')
          yield* cpu.hypercall('work', 0, [])
          yield* cpu.access(0, 'read')
        },
      },
    },
  })
}
