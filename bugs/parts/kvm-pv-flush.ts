/**
 * The guest's side of KVM's paravirtual flush: vCPUs that are marked as preempted are asked to flush at their next entry,
 * in the byte that bears the mark; the others get an IPI. Linux arch/x86/kernel/kvm.c (kvm_flush_tlb_multi).
 */
import { perCpu, type Code, type Cpu, type FlushRequest, type SharedWords } from '../../src/index.ts'

export const PREEMPTED = 1
export const FLUSH_TLB = 2

/** The byte a vCPU that guest and host share. */
export const shared = { state: perCpu({ max: PREEMPTED | FLUSH_TLB }) }

export function* flush<O>(cpu: Cpu<{ readonly state: SharedWords }, O>, request: FlushRequest): Code {
  yield* cpu.flushLocal(request)
  const running: number[] = []
  for (const target of request.targets) {
    const word = cpu.shared.state.of(target)
    const state = yield* cpu.load(word)
    const flagged = state & PREEMPTED && (yield* cpu.cmpxchg(word, state, state | FLUSH_TLB)) === state
    if (!flagged) running.push(target)
  }
  yield* cpu.callFunction(running, request)
}
