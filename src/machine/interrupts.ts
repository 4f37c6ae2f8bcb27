/**
 * Interrupts: IF, and IPIs that stay pending while it is clear. Per vector one IPI at most is pending (SDM vol. 3,
 * "Interrupt Acceptance for Fixed Interrupts"): further sends collapse into it, as do NMIs. A store to the xAPIC's
 * registers follows the stores before it; the x2APIC's WRMSR waits for none of them. Taking an interrupt drains no store
 * buffer, IRET does. Features that are off by default: STI keeps interrupts off for one more instruction (SDM vol. 2,
 * STI), with HLT, which is what that is for; and NMIs, which IF does not mask. When handlers begin and end is a matter
 * of the scenario's threads.
 */
import { defineOp } from '../engine/step.ts'
import type { Machine } from './machine.ts'

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
/** Sends an IPI with NMI delivery mode to vCPU `a`. */
export const SEND_NMI = defineOp('send NMI', 1, (a) => `send NMI to CPU${a}`)
/** Stops until an interrupt or an NMI comes. */
export const HLT = defineOp('hlt', 1)
/** Goes on behind HLT. */
export const WOKEN = defineOp('woken', 1, () => 'wake up from hlt')

export function installInterrupts(m: Machine): void {
  const { shadow, halted, nmi } = m.events
  m.install(CLI, (v) => ((m.S[m.interruptFlag + v] = 0), 0))
  m.install(STI, (v) => {
    if (shadow >= 0 && m.S[m.interruptFlag + v] === 0) m.S[shadow + v] = 1
    m.S[m.interruptFlag + v] = 1
    m.hooks.quiescent(v)
    return 0
  })
  m.install(READ_IF, (v) => m.S[m.interruptFlag + v])
  m.installSend(SEND_IPI, (_v, target, vector) => {
    if (m.isOffline(target)) return 0
    m.S[m.pending + target] |= 1 << vector
    if (m.S[m.interruptFlag + target] === 0) m.hooks.witness('ipi-held-off')
    m.witnessTarget(target)
    return 0
  })
  m.installSend(SEND_NMI, (_v, target) => {
    if (!m.isOffline(target)) m.S[nmi + target] = 1
    return 0
  })
  m.install(HLT, (v) => ((m.S[halted + v] = 1), 0))
  m.install(
    WOKEN,
    () => 0,
    (v) => m.S[halted + v] === 0,
  )
}
