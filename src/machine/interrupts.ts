/**
 * Interrupts: IF, and IPIs that stay pending while it is clear. Per vector one IPI at most is pending (SDM vol. 3,
 * "Interrupt Acceptance for Fixed Interrupts"): further sends collapse into it. NMIs are not modelled. A store to the
 * xAPIC's registers follows the stores before it; the x2APIC's WRMSR waits for none of them. Taking an interrupt drains
 * no store buffer, IRET does.
 */
import { defineOp } from '../engine/step.ts'
import type { Execute, Machine } from './machine.ts'

export const CLI = defineOp('cli', 1)
export const STI = defineOp('sti', 1)
/** PUSHF, as far as IF goes; only this CPU's own code changes it, so it is joined with the step behind it. */
export const READ_IF = defineOp(
  'read IF',
  2,
  (_a, _b, _c, _n, r) => `IF${r === undefined ? '?' : ` = ${r}`}`,
  'right',
)
/** Sends vector `b` to vCPU `a`. */
export const SEND_IPI = defineOp('send IPI', 1, (a, b, _c, n) => `send ${n.vector(b)} IPI to CPU${a}`)

export function installInterrupts(m: Machine): void {
  m.install(CLI, (v) => ((m.S[m.interruptFlag + v] = 0), 0))
  m.install(STI, (v) => {
    m.S[m.interruptFlag + v] = 1
    m.hooks.quiescent(v)
    return 0
  })
  m.install(READ_IF, (v) => m.S[m.interruptFlag + v])
  const send: Execute = (_v, target, vector) => {
    m.S[m.pending + target] |= 1 << vector
    if (m.S[m.interruptFlag + target] === 0) m.hooks.witness('ipi-held-off')
    if (m.S[m.on + target] === 0) m.hooks.witness('target-preempted')
    return 0
  }
  m.install(SEND_IPI, send, undefined, m.config.x2apic ? undefined : 'drained')
}
