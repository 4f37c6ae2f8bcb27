/**
 * smp_call_function_many: a slot for each (initiator, target) holds what is asked for; the IPI only says "look". The
 * handler serves every slot that is filled, because IPIs of one vector collapse, and empties each after serving it:
 * that is the acknowledgement. The slot is filled before the IPI is sent, by a fence where that is an MSR write
 * (weak_wrmsr_fence, arch/x86/kernel/apic/x2apic_cluster.c). CPUs that are offline are not called. kernel/smp.c,
 * smp_call_function_many_cond and flush_smp_call_function_queue.
 */
import { defineOp, perform, type Code, type Names } from '../engine/step.ts'
import { SEND_IPI } from '../machine/interrupts.ts'
import { LOAD, STORE, UNTIL, WAIT_FREE } from '../machine/memory.ts'
import type { Machine } from '../machine/machine.ts'
import type { Cpu } from './cpu.ts'
import { decodeRequest } from './request.ts'

/** Vector 0 of every scenario. */
export const CALL_FUNCTION_VECTOR = 0
/** A slot that asks for nothing but an acknowledgement. */
export const SYNC = 1

const asked = (code: number, n: Names): string =>
  code === SYNC ? 'an answer' : `flush of ${n.pages(decodeRequest(code).pages)}`

/** Fills slot `a` with request `b`. */
export const FILL_SLOT = defineOp('fill slot', 1, (a, b, _c, n) => `${n.word(a)}: ask for ${asked(b, n)}`)
/** Reads slot `a`. */
export const READ_SLOT = defineOp('read slot', 0, (a, _b, _c, n, r) =>
  r === undefined ? `look at ${n.word(a)}` : `${n.word(a)}: ${r === 0 ? 'nothing' : asked(r, n)}`,
)
/** Empties slot `a`: the acknowledgement. */
export const ACKNOWLEDGE = defineOp('acknowledge', 1, (a, _b, _c, n) => `${n.word(a)}: acknowledge`)
/** Waits for the acknowledgement in slot `a`. */
export const AWAIT_ACK = defineOp(
  'await acknowledgement',
  1,
  (a, _b, _c, n) => `${n.word(a)}: wait for the acknowledgement`,
)

/** Installs the slot operations: loads and stores that are told in words. */
export function installSlots(m: Machine): void {
  for (const [op, plain] of [
    [FILL_SLOT, STORE],
    [READ_SLOT, LOAD],
    [ACKNOWLEDGE, STORE],
    [AWAIT_ACK, UNTIL],
  ] as const) {
    m.install(op, m.execute[plain.code], m.guards[plain.code])
  }
}

export function* callFunction(cpu: Cpu, targets: readonly number[], code: number, wait: boolean): Code {
  const slots = cpu.kernel.slots[cpu.id]
  const online = cpu.config.hotplug > 0 ? yield* cpu.load(cpu.kernel.online) : -1
  const called = targets.filter((target) => online & (1 << target))
  for (const target of called) {
    yield* perform(WAIT_FREE, slots[target].at)
    yield* perform(FILL_SLOT, slots[target].at, code)
    if (cpu.config.x2apic) yield* cpu.mfence()
    yield* perform(SEND_IPI, target, CALL_FUNCTION_VECTOR)
  }
  if (!wait) return
  for (const target of called) yield* perform(AWAIT_ACK, slots[target].at, -1, 0)
}

/** The handler of the call-function vector. */
export function* callFunctionInterrupt(cpu: Cpu): Code {
  for (let from = 0; from < cpu.cpus; from++) {
    if (from === cpu.id) continue
    const slot = cpu.kernel.slots[from][cpu.id]
    const code = yield* perform(READ_SLOT, slot.at)
    if (code === 0) continue
    if (code !== SYNC) {
      const request = decodeRequest(code)
      if (cpu.features.lazy) yield* cpu.fetchAnd(cpu.kernel.behind[request.space], ~(1 << cpu.id))
      yield* cpu.policy.flushRemote(cpu, request)
    }
    yield* perform(ACKNOWLEDGE, slot.at, 0)
  }
}
