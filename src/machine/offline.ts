/**
 * CPUs that are offline: they wait for a start-up IPI (SDM vol. 3, "MP Initialization"), execute nothing, and lose what
 * is sent to them. INIT leaves a CPU with IF clear, CR3 and PCID 0, and nothing cached. It and the SIPI are one step
 * here, and one that comes while its CPU is still on the way down is kept for it.
 */
import { defineOp } from '../engine/step.ts'
import { initialControls } from './control.ts'
import { RUNNING, TO_BE_STARTED, WAITS_FOR_SIPI } from './events.ts'
import { abortInstruction, dropContext } from './invalidate.ts'
import type { Machine } from './machine.ts'

/** Goes offline. */
export const PARK = defineOp('go offline', 1)
/** The first step after INIT and SIPI. */
export const STARTED = defineOp('started', 1, () => 'start up')
/** Sends INIT and SIPI to CPU `a`. */
export const START_CPU = defineOp('start CPU', 1, (a) => `INIT, SIPI to CPU${a}`)

export function installOffline(m: Machine): void {
  const { offline, nmi, signal, halted } = m.events
  m.install(PARK, (v) => {
    m.S[offline + v] = m.S[offline + v] === TO_BE_STARTED ? RUNNING : WAITS_FOR_SIPI
    m.S[m.interruptFlag + v] = 0
    m.S[m.pending + v] = 0
    for (const word of [nmi, signal, halted]) if (word >= 0) m.S[word + v] = 0
    m.S[m.cr3 + v] = 0
    if (m.pcid >= 0) m.S[m.pcid + v] = 0
    if (m.pkru >= 0) m.S[m.pkru + v] = 0
    if (m.controls >= 0) m.S[m.controls + v] = initialControls(m.config)
    // Nobody can use what is cached before INIT clears it, so it may as well go now.
    for (let context = m.caches.vpidOf(v); context < m.caches.cpuContexts; context += m.caches.vpids)
      dropContext(m, context)
    abortInstruction(m, v)
    m.hooks.quiescent(v)
    return 0
  })
  m.install(
    STARTED,
    () => 0,
    (v) => !m.isOffline(v),
  )
  m.installSend(START_CPU, (_v, target) => {
    m.S[offline + target] = m.isOffline(target) ? RUNNING : TO_BE_STARTED
    return 0
  })
}
