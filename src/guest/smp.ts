/**
 * smp_call_function_many: a slot for each (initiator, target) holds what is asked for; the IPI only says "look". The
 * handler serves every slot that is filled, because IPIs of one vector collapse, and empties each after serving it:
 * that is the acknowledgement. kernel/smp.c, smp_call_function_many_cond and flush_smp_call_function_queue.
 */
import { perform, type Code } from '../engine/step.ts'
import { SEND_IPI } from '../machine/interrupts.ts'
import { LOAD, STORE, UNTIL, WAIT_FREE } from '../machine/memory.ts'
import { INVLPG } from '../machine/invalidate.ts'
import type { Cpu } from './cpu.ts'
import { decodeRequest } from './request.ts'

/** Vector 0 of every scenario. */
export const CALL_FUNCTION_VECTOR = 0
/** A slot that asks for nothing but an acknowledgement. */
export const SYNC = 1

export function* callFunction(cpu: Cpu, targets: readonly number[], code: number, wait: boolean): Code {
  const slots = cpu.kernel.slots[cpu.id]
  for (const target of targets) {
    yield* perform(WAIT_FREE, slots[target].at)
    yield* perform(STORE, slots[target].at, code)
    yield* perform(SEND_IPI, target, CALL_FUNCTION_VECTOR)
  }
  if (!wait) return
  for (const target of targets) yield* perform(UNTIL, slots[target].at, -1, 0)
}

/** The handler of the call-function vector. */
export function* callFunctionInterrupt(cpu: Cpu): Code {
  for (let from = 0; from < cpu.cpus; from++) {
    if (from === cpu.id) continue
    const slot = cpu.kernel.slots[from][cpu.id]
    const code = yield* perform(LOAD, slot.at)
    if (code === 0) continue
    if (code !== SYNC) {
      const request = decodeRequest(code)
      if (cpu.features.lazy) yield* cpu.fetchAnd(cpu.kernel.behind[request.space], ~(1 << cpu.id))
      yield* perform(INVLPG, request.pages)
    }
    yield* perform(STORE, slot.at, 0)
  }
}
