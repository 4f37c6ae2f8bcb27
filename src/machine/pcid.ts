/**
 * INVPCID and writes to the control registers: SDM vol. 3, "Operations that Invalidate TLBs and Paging-Structure
 * Caches", and vol. 2, INVPCID. Both can raise #GP, which is a result here, not an exception: the programs that
 * execute them ask for it. Writes with PG cleared are only a flush, since accesses without paging are not modelled.
 */
import { defineOp } from '../engine/step.ts'
import { LONG_MODE_LEVELS } from './config.ts'
import { PAE, PCIDE, PG, PGE, SMEP, WP, SMAP, PKE, controlsOf } from './control.ts'
import { GP, abortSpeculation, dropAllButGlobal, dropContext, dropPageOfPcid, dropTag } from './invalidate.ts'
import type { Machine } from './machine.ts'
import type { Execute } from './semantics.ts'
import { loadPdptes } from './pdpte.ts'

/** Types of INVPCID. */
export const INDIVIDUAL_ADDRESS = 0
export const SINGLE_CONTEXT = 1
export const ALL_CONTEXTS = 2
export const ALL_BUT_GLOBAL = 3

/** INVPCID of type `a` for PCID `b` and, for type 0, page `c`, or `NON_CANONICAL`. Results in GP if it faults. */
export const INVPCID = defineOp('INVPCID', 2, (a, b, c, n, r) => {
  const what =
    a === INDIVIDUAL_ADDRESS ? `PCID ${b}, ${n.page(c)}` : a === SINGLE_CONTEXT ? `PCID ${b}` : 'all'
  return `INVPCID ${a}: ${what}${r === GP ? ' -> #GP' : ''}`
})
export const NON_CANONICAL = -1

/** Sets the control bits `a` and clears those in `b`. Results in GP if that faults, and changes nothing then. */
export const WRITE_CONTROLS = defineOp(
  'write control bits',
  2,
  (a, b, _c, _n, r) => `set control bits ${a}, clear ${b}${r === GP ? ' -> #GP' : ''}`,
)
/** WRPKRU. */
export const WRPKRU = defineOp('WRPKRU', 1, (a) => `WRPKRU ${a}`)

/** Control bits whose writes are MOVs to a control register, which serialize. */
const SERIALIZING = WP | SMEP | SMAP | PGE | PCIDE | PKE | PG | PAE

/** Control bits whose change loads the PDPTE registers anew. */
const RELOADING = PGE | SMEP | PG | PAE

export function installPcid(m: Machine): void {
  m.installDrained(INVPCID, (v, type, pcid, page) => {
    const enabled = (controlsOf(m, v) & PCIDE) !== 0
    if (type > ALL_BUT_GLOBAL || (type <= SINGLE_CONTEXT && pcid !== 0 && !enabled)) return GP
    if (type === INDIVIDUAL_ADDRESS && page === NON_CANONICAL) return GP
    invalidate(m, v, type, pcid, page)
    abortSpeculation(m, v)
    return 0
  })
  const writeControls: Execute = (v, set, clear) => {
    const old = controlsOf(m, v)
    const now = (old | set) & ~clear
    const changed = old ^ now
    const turnsOn = changed & now
    if (turnsOn & PCIDE && m.S[m.pcid + v] !== 0) return GP
    if (changed & PG && old & PG && now & PCIDE) return GP
    if (changed & ~now & PAE && m.config.levels >= LONG_MODE_LEVELS) return GP
    if (changed & SERIALIZING) abortSpeculation(m, v)
    if (changed & PGE || (changed & ~now & (PCIDE | PG)) !== 0) dropContext(m, m.caches.context(v))
    else if (turnsOn & SMEP || changed & PAE) dropTag(m, m.caches.context(v), m.caches.tag(v))
    m.S[m.controls + v] = now
    if (changed & RELOADING) loadPdptes(m, v)
    return 0
  }
  m.install(
    WRITE_CONTROLS,
    writeControls,
    (v, set, clear) => ((set | clear) & SERIALIZING) === 0 || m.buffer.isEmpty(v),
  )
  m.install(WRPKRU, (v, value) => {
    m.S[m.pkru + v] = value
    return 0
  })
}

function invalidate(m: Machine, v: number, type: number, pcid: number, page: number): void {
  const context = m.caches.context(v)
  if (type === ALL_CONTEXTS) dropContext(m, context)
  else if (type === ALL_BUT_GLOBAL) dropAllButGlobal(m, context)
  else if (type === SINGLE_CONTEXT) dropTag(m, context, pcid)
  else dropPageOfPcid(m, context, pcid, page)
}
