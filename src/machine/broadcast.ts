/**
 * INVLPGB and TLBSYNC: AMD APM vol. 3, and Linux arch/x86/include/asm/tlb.h. A broadcast goes to every physical CPU and
 * reaches each, the issuing one included, in a transition of its own, in any order; TLBSYNC waits for those that its
 * own physical CPU has issued. No interrupt is involved, so neither IF nor a software walk holds anything off. Left
 * out: ASIDs, the limit of the page count, and faults.
 */
import { defineOp } from '../engine/step.ts'
import { abortInstruction } from './invalidate.ts'
import type { Machine } from './machine.ts'
import { dropOperand, tellOperand } from './operand.ts'

/** Broadcasts operand `a`. */
export const INVLPGB = defineOp('INVLPGB', 1, (a, _b, _c, n) => `INVLPGB ${tellOperand(a, n.pages)}`)
export const TLBSYNC = defineOp('TLBSYNC', 1)

/** First word of a slot of an issuing pCPU: one word for each that it goes to. */
const slotAt = (m: Machine, issuer: number, slot: number): number =>
  m.events.broadcasts + (issuer * m.config.invlpgb + slot) * m.config.pcpus

function isFree(m: Machine, issuer: number, slot: number): boolean {
  const first = slotAt(m, issuer, slot)
  for (let target = 0; target < m.config.pcpus; target++) if (m.S[first + target] !== 0) return false
  return true
}

function freeSlot(m: Machine, issuer: number): number {
  for (let slot = 0; slot < m.config.invlpgb; slot++) if (isFree(m, issuer, slot)) return slot
  return -1
}

export function installBroadcast(m: Machine): void {
  const { pcpus, invlpgb } = m.config
  const issuerOf = (v: number): number => m.S[m.on + v] - 1
  m.install(
    INVLPGB,
    (v, operand) => {
      const first = slotAt(m, issuerOf(v), freeSlot(m, issuerOf(v)))
      m.S.fill(operand, first, first + pcpus)
      return 0
    },
    (v) => freeSlot(m, issuerOf(v)) >= 0,
  )
  m.install(
    TLBSYNC,
    () => 0,
    (v) => {
      for (let slot = 0; slot < invlpgb; slot++) if (!isFree(m, issuerOf(v), slot)) return false
      return true
    },
  )
}

/** Number of places that a broadcast can be in for one pCPU: `place` counts issuers and their slots. */
export const broadcastPlaces = (m: Machine): number => m.config.pcpus * m.config.invlpgb

/** What is on its way to a pCPU from a place; 0 for nothing. */
export const broadcastAt = (m: Machine, place: number, pcpu: number): number =>
  m.S[m.events.broadcasts + place * m.config.pcpus + pcpu]

/** A broadcast reaches a pCPU: all contexts there lose what it names, and the instruction in flight starts anew. */
export function deliverBroadcast(m: Machine, place: number, pcpu: number): void {
  const { vcpus, pcpus } = m.config
  const operand = broadcastAt(m, place, pcpu)
  m.S[m.events.broadcasts + place * pcpus + pcpu] = 0
  for (let vpid = 0; vpid < m.caches.vpids; vpid++) {
    const context = m.caches.contextOn(pcpu, vpid)
    if (context >= 0) dropOperand(m, context, operand)
  }
  for (let v = 0; v < vcpus; v++) if (m.S[m.on + v] === pcpu + 1) abortInstruction(m, v)
}
